"""What holds for all tests."""

from hypothesis import settings

# A busy machine is no failing example.
settings.register_profile("loragate", deadline=None)
settings.load_profile("loragate")
