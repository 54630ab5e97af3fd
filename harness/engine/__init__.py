"""Requests in, outputs out: tokens, keys, numerics, and the executors that run the arms."""
