"""What a gate is asked to compare: options on top of ``[tool.loragate]`` in pyproject.toml."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from harness.engine.endpoint.options import EndpointOptions
from harness.engine.numerics import default_batching, default_device
from harness.engine.protocol import CHOICES, EngineOptions
from harness.errors import SuiteError, UsageError
from harness.registry import ENGINES, unknown

from .release import BASE, Release, load_release, located, nearby

_KEYS = (
    *("base-model", "baseline", "candidate", "adapters", "store", "report-dir", "engine", "keep"),
    *CHOICES,
    "endpoint",
)


@dataclass(frozen=True, slots=True)
class Named:
    """An arm as the user named it."""

    name: str
    path: Path | None
    """Adapter directory or release file; None is the base model itself."""
    release: Release | None = None
    """What the release file says."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One gate's arguments, resolved to existing directories and release files."""

    base_model: Path
    baseline: Named
    candidates: tuple[Named, ...]
    adapters: Path | None
    """Folder in which adapters are looked up by name."""
    store: Path
    report_dir: Path
    engine: str
    options: EngineOptions
    keep: int | None = None
    """Days after which the texts of a run are purged; None: never."""


def configured(root: Path) -> dict[str, Any]:
    """The ``[tool.loragate]`` table of ``root/pyproject.toml``; empty where there is none.

    Paths in it are relative to ``root``. Raises UsageError for a key that means nothing.
    """
    file = root / "pyproject.toml"
    if not file.is_file():
        return {}
    try:
        table = tomllib.loads(file.read_text("utf-8")).get("tool", {}).get("loragate", {})
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: {error}") from error
    for key in table:
        if key not in _KEYS:
            raise UsageError(f"{file}: [tool.loragate]: {unknown('key', key, _KEYS)}")
    return dict(table)


def engine_options(root: Path) -> EngineOptions:
    """How the engine is to compute, as ``[tool.loragate]`` of ``root/pyproject.toml`` says.

    A device is used where there is one. Raises UsageError for a value that an option cannot be.
    """
    return _options(configured(root), root)


def _options(table: Mapping[str, Any], root: Path) -> EngineOptions:
    for key, choices in CHOICES.items():
        if key in table and table[key] not in choices:
            problem = unknown(key, str(table[key]), choices)
            raise UsageError(f"{root / 'pyproject.toml'}: [tool.loragate]: {problem}")
    device = str(table.get("device") or default_device())
    endpoint = table.get("endpoint")
    return EngineOptions(
        dtype=str(table.get("dtype", "float32")),
        mode=table.get("mode", "deterministic"),
        batching=str(table.get("batching") or default_batching(device)),
        device=device,
        endpoint=None if endpoint is None else _endpoint(endpoint, root),
    )


def _endpoint(table: Any, root: Path) -> EndpointOptions:
    """The table ``[tool.loragate.endpoint]``; UsageError for what it cannot say."""
    where = f"{root / 'pyproject.toml'}: [tool.loragate.endpoint]"
    url = table.get("url") if isinstance(table, dict) else None
    if not isinstance(url, str) or not _ADDRESS.fullmatch(url):
        raise UsageError(
            f"{where}: url should be the server's address up to /v1, without a password "
            f"(https://host:8000/v1), not {url!r}"
        )
    known = {each.name.replace("_", "-"): each for each in fields(EndpointOptions)}
    for key, value in table.items():
        if key not in known:
            raise UsageError(f"{where}: {unknown('key', key, known)}")
        wanted = str(known[key].type).removesuffix(" | None")
        least = 0 if key == "retries" else 1 if wanted == "int" else 1e-3
        kinds = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}[wanted]
        number = wanted in ("int", "float")
        if type(value) not in kinds or (number and not least <= value < math.inf):
            said = f"{_WORDS[wanted]} from {least:g}" if number else _WORDS[wanted]
            raise UsageError(f"{where}: {key} should be {said}, not {value!r}")
    return EndpointOptions(**{key.replace("-", "_"): value for key, value in table.items()})


_ADDRESS = re.compile(r"https?://[^\s@/?#]+(?:/[^\s?#]*)?")
_DAYS = re.compile(r"([1-9]\d{0,5}) days?")
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}


def resolve(root: Path, options: Mapping[str, Any], invoked_from: Path) -> Settings:
    """Merge ``options`` (by the keys of ``[tool.loragate]``; None is unset) over the table.

    Option paths are relative to ``invoked_from``, configured ones to ``root``.
    Raises UsageError where an arm or directory cannot be found.
    """
    table = configured(root)

    def path(key: str, default: str | None = None) -> Path | None:
        if options.get(key) is not None:
            return invoked_from / str(options[key])
        value = table.get(key, default)
        return None if value is None else root / str(value)

    base_model = path("base-model")
    if base_model is None:
        raise UsageError(
            "no base model is named: pass --base-model DIR, or set base-model in "
            "[tool.loragate] of pyproject.toml (`loragate demo` builds one to try)"
        )
    if not (base_model / "config.json").is_file():
        raise UsageError(_no_base(base_model))
    adapters = path("adapters")

    def arms(key: str) -> list[Named]:
        given, where = options.get(key), invoked_from
        if not given:
            given, where = table.get(key), root
        texts = [given] if isinstance(given, str) else list(given or [])
        return [_named(str(text), where, adapters, f"--{key}") for text in texts]

    candidates = arms("candidate")
    if not candidates:
        raise UsageError(
            "no candidate is named: pass --candidate NAME=DIR (repeatable), or set candidate in "
            "[tool.loragate] of pyproject.toml"
        )
    _refuse_doubles(candidates)
    baseline = arms("baseline")
    engine = str(options.get("engine") or table.get("engine") or "torch")
    options_of_engine = _options(table, root)
    if engine == "endpoint" and options_of_engine.endpoint is None:
        raise UsageError(
            "--engine endpoint: no server is named; set url in [tool.loragate.endpoint] of "
            "pyproject.toml"
        )
    if engine not in ENGINES:
        raise UsageError(f"--engine: {unknown('engine', engine, ENGINES.names())}")
    return Settings(
        base_model=base_model,
        baseline=baseline[0] if baseline else Named(BASE, None),
        candidates=tuple(candidates),
        adapters=adapters,
        store=path("store", ".loragate") or root,
        report_dir=path("report-dir", "build") or root,
        engine=engine,
        options=options_of_engine,
        keep=_keep(table, root),
    )


def _keep(table: Mapping[str, Any], root: Path) -> int | None:
    """``text`` keeps all texts, ``hashes`` none once the run has ended, ``30 days`` so long."""
    said = table.get("keep", "text")
    if said in ("text", "hashes"):
        return 0 if said == "hashes" else None
    days = _DAYS.fullmatch(said) if isinstance(said, str) else None
    if days is None:
        raise UsageError(
            f'{root / "pyproject.toml"}: [tool.loragate]: keep should be "text", "hashes" or '
            f'"30 days", not {said!r}'
        )
    return int(days[1])


def _named(text: str, where: Path, adapters: Path | None, option: str) -> Named:
    name, separator, value = text.partition("=")
    target = value if separator else text
    if target == BASE:
        return Named(name, None)
    found = located(target, where, adapters)
    if found is None:
        raise UsageError(
            f"{option} {text}: there is no adapter directory or release file "
            + nearby(target, where, adapters)
        )
    arm = name if separator else _own_name(found)
    if not arm or any(sign in arm for sign in "[]@:/\\ "):
        raise UsageError(
            f"{option} {text}: {arm!r} cannot name an arm: no spaces and none of [ ] @ : / \\"
        )
    return as_named(arm, found, adapters)


def as_named(name: str | None, path: Path, adapters: Path | None) -> Named:
    """An adapter directory or release file under a name, None for its own; UsageError if broken."""
    try:
        release = None if path.is_dir() else load_release(path, adapters)
    except SuiteError as error:
        raise UsageError(str(error)) from error
    return Named(name or _own_name(path), path, release)


def _own_name(path: Path) -> str:
    whole = path.resolve()
    return whole.name if path.is_dir() else whole.stem


def _refuse_doubles(candidates: Sequence[Named]) -> None:
    seen: set[str] = set()
    for candidate in candidates:
        if candidate.name in seen:
            raise UsageError(
                f"two candidates are named {candidate.name!r}; "
                "name them apart: --candidate NAME=DIR"
            )
        seen.add(candidate.name)


def _no_base(path: Path) -> str:
    what = "has no config.json" if path.is_dir() else "does not exist"
    return (
        f"the base model directory {path} {what}; give a directory that transformers can load "
        "(`loragate demo` builds one to try)"
    )
