"""Models that are served elsewhere, behind an OpenAI-compatible API."""
