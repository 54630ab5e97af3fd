"""From suites and adapters to a recorded decision: expand → plan → execute → score → decide."""
