"""Files that are locked, so that one process at a time does what needs to be done alone."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import StoreError

_PAUSE = 0.02


@contextmanager
def alone(lock: Path, wait: float, otherwise: str) -> Iterator[None]:
    """Hold the lock on a file, which is made where it is missing, until the end of the block.

    Raises StoreError with ``otherwise`` if another holder has not let go in ``wait`` seconds, or
    if there can be no such file. A process that ends, however it ends, lets go.
    """
    deadline = time.monotonic() + wait
    try:
        file = lock.open("a")
    except OSError as error:
        raise _unwritable(lock, error) from None
    with file:
        while not _locked(lock, file.fileno()):
            if time.monotonic() > deadline:
                raise StoreError(f"{lock}: {otherwise}")
            time.sleep(_PAUSE)
        yield


def is_locked(file: Path) -> bool:
    """Whether another process holds a lock on a file."""
    with file.open("rb") as opened:
        return not _locked(file, opened.fileno())


def hold(descriptor: int) -> None:
    """Lock a file of one's own until it is closed, so that others see that it is in use."""
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _locked(lock: Path, descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _unwritable(lock, error) from None
    return True


def _unwritable(lock: Path, error: OSError) -> StoreError:
    return StoreError(f"{lock.parent}: the store cannot be written: {error.strerror}")
