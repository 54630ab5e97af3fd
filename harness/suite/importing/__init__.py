"""What other tools wrote, as suites."""
