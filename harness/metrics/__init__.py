"""A set of scores in, one estimate out; a metric a file."""
