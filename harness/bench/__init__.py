"""What is measured: each benchmark compares with a peer, a limit or a promise in one run."""

CELL = "cell: "
"""How the names of those rows begin that only the JSON shows: the cells of a grid."""
