"""The decision: pairing, checks, proof of effect, verdicts. Pure functions of records."""
