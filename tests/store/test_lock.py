"""One at a time, whoever asks; and never for longer than a process lives."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.errors import StoreError
from harness.store.store import Store

HOLDER = """
import sys
from pathlib import Path
from harness.store.store import Store
with Store(Path(sys.argv[1])).deciding():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_run_decides_at_a_time(store: Store):
    """A second waits, then says so in a sentence; afterwards it may."""
    with store.deciding(), pytest.raises(StoreError) as refused, Store(store.path).deciding(0.05):
        pass
    assert str(refused.value) == (
        f"{store.path / 'deciding.lock'}: another run is recording its decision, and did not "
        "finish in time; run the gate again (its outputs are kept)"
    )
    with store.deciding(0.0):
        pass


def test_a_run_that_is_killed_lets_go(store: Store):
    """Held by another process, and by nobody once that is gone."""
    command = [sys.executable, "-c", HOLDER, str(store.path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match="another run"), store.deciding(0.05):
            pass
        holder.kill()
        holder.wait()
    with store.deciding(0.0):
        pass


def test_where_no_lock_can_be_made_it_is_said(bare: Store):
    with pytest.raises(StoreError, match="the store cannot be written: No such file"):
        bare.deciding().__enter__()


def test_what_goes_wrong_meanwhile_is_not_blamed_on_the_lock(store: Store):
    with pytest.raises(OSError, match="elsewhere"), store.deciding():
        raise OSError("elsewhere")
