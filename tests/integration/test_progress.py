"""Progress of a gate on a terminal, and its silence in a log."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

CONFTEST = """
from harness.pytest_plugin.terminal import ProgressBar

def pytest_runtestloop(session):
    session.config.bar = ProgressBar(session.config)
"""
WAITING = """
import time

def test_watched(request):
    with request.config.bar as bar:
        for known in range(0, 401, 10):
            bar.show(known, 400)
            time.sleep(0.01)
"""


def on_a_terminal(folder: Path, *arguments: str) -> str:
    """What pytest shows to somebody who watches it."""
    master, slave = pty.openpty()
    said: list[bytes] = []

    def read() -> None:
        with suppress(OSError):  # how Linux tells that the other end is closed
            while data := os.read(master, 4096):
                said.append(data)

    reader = threading.Thread(target=read)
    reader.start()
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    subprocess.run(
        command, cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave, check=True
    )
    os.close(slave)
    reader.join()
    os.close(master)
    return b"".join(said).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_bar.py").write_text(WAITING)
    return tmp_path


def test_a_terminal_is_told_the_rate_and_the_time_left(folder):
    """Made as a session makes it, waited for in an item: outputs of those planned, a second."""
    said = on_a_terminal(folder)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said)
    assert re.search(r"outputs [━╺╸]+ +\d+/400 \d+/s 0:00:0\d", plain), plain


@pytest.mark.parametrize("how", ["quiet", "log"])
def test_who_does_not_watch_is_told_nothing(folder, how):
    """Neither with -q nor where the output is a file."""
    if how == "quiet":
        said = on_a_terminal(folder, "-q")
    else:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
        found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        said = found.stdout + found.stderr
    assert "outputs" not in said
    assert "1 passed" in said
