"""The gate's statistics: pure functions on numpy arrays, one idea per file.

Notation: paired differences d = candidate − reference; w wins and l losses of binary scores;
margin δ > 0; α one-sided; labels name the cluster of each row.
"""
