"""What a sample costs apart from its model: from YAML to a row of the history."""
