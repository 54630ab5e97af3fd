"""What evaluating nine arms costs: the engine beside the ways that others do it."""
