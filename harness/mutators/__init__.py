"""A sample in, mutated samples out; a family a file, all through ``registry.MUTATORS``."""
