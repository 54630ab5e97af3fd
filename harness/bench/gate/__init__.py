"""Does the gate keep its promises? Its rates of error, measured on the product's own code."""
