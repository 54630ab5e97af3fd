"""A real server: `transformers serve` on models that lie here, under names of the test's choice."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

PATIENCE = 120.0
"""Seconds until a server that has not answered is given up."""


def hub_cache(folder: Path, base: Path, adapters: Mapping[str, Path | None]) -> Path:
    """A cache of the hub in which each name is a model: the base with an adapter, or without."""
    for name, adapter in adapters.items():
        revision = hashlib.sha1(name.encode()).hexdigest()
        entry = folder / f"models--{name.replace('/', '--')}"
        snapshot = entry / "snapshots" / revision
        snapshot.mkdir(parents=True)
        (entry / "refs").mkdir()
        (entry / "refs/main").write_text(revision)
        for path in base.iterdir():
            if adapter is None or path.suffix != ".safetensors":
                shutil.copyfile(path, snapshot / path.name)
        if adapter is not None:
            shutil.copyfile(
                adapter / "adapter_model.safetensors", snapshot / "adapter_model.safetensors"
            )
            config = json.loads((adapter / "adapter_config.json").read_text())
            config["base_model_name_or_path"] = str(base.resolve())
            (snapshot / "adapter_config.json").write_text(json.dumps(config))
    return folder


@contextmanager
def served(cache: Path, log: Path) -> Iterator[str]:
    """The address of a server up to /v1; it is stopped by its own process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    offline = {"HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    server = Path(sys.executable).parent / "transformers"
    command = [str(server), "serve", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--device", "cpu", "--dtype", "float32", "--model-timeout", "-1"]
    with log.open("w") as told:
        process = subprocess.Popen(command, env=os.environ | offline, stdout=told, stderr=told)
    try:
        _wait(f"http://127.0.0.1:{port}/v1/models", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(url, timeout=10):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"transformers serve does not answer: {log.read_text()[-2000:]}")
