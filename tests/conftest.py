"""What holds for all tests."""

from hypothesis import settings

# A busy machine is no failing example.
settings.register_profile("loragate", deadline=None)
settings.load_profile("loragate")


def pytest_collection_modifyitems(items):
    """The longest file first, so that two processes finish together."""
    items.sort(key=lambda item: item.path.name != "test_demo.py")
