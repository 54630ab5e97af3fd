"""The kernels' tests run on a GPU where there is one, else in Triton's interpreter."""

import pytest
from triton.runtime import interpreter, jit


@pytest.fixture
def launches(monkeypatch):
    """The names of the Triton kernels launched so far in this test, by whatever way."""
    names = []

    def count(owner, method):
        original = getattr(owner, method)

        def counted(self, *args, **kwargs):
            names.append(self.fn.__name__)
            return original(self, *args, **kwargs)

        monkeypatch.setattr(owner, method, counted)

    count(interpreter.GridExecutor, "__call__")
    count(jit.JITFunction, "run")
    return names
