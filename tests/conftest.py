"""What holds for all tests."""

import os
from pathlib import Path

from hypothesis import settings

# Without a GPU Triton's kernels run in its interpreter; triton asks once, when first imported.
if not Path("/dev/nvidiactl").exists():
    os.environ.setdefault("TRITON_INTERPRET", "1")

# As the engine is started: without it MKL's bits depend on where a matrix begins in memory.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")

# A busy machine is no failing example.
settings.register_profile("loragate", deadline=None)
settings.load_profile("loragate")


def pytest_addoption(parser):
    """``make crashes`` asks for more than CI has the time for."""
    parser.addoption("--crashes", type=int, default=20, help="moments to kill a gate at")
    parser.addoption("--torch-crashes", type=int, default=1, help="the same, with a real model")


def pytest_collection_modifyitems(items):
    """The longest file first, so that two processes finish together."""
    items.sort(key=lambda item: item.path.name != "test_demo.py")
