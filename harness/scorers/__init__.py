"""One output in, one score out; a family a file, all through ``harness.registry.SCORERS``."""
