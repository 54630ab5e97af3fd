"""Adapters by their content, wherever they may lie by now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from harness.adapters.config import CONFIG_FILE
from harness.adapters.digest import DigestCache
from harness.errors import AdapterError
from harness.store.read import SeenArm

FULL = 64
"""Digits of a whole digest; fewer may stand for several adapters."""


class Search:
    """Looks among named directories, then in the adapters folder, then where runs saw an adapter.

    A directory counts by what it holds now, never by its name or by what it held once.
    """

    def __init__(
        self,
        named: Iterable[Path | None],
        adapters: Path | None,
        seen: Sequence[SeenArm],
        digests: DigestCache,
    ) -> None:
        """``adapters`` is the folder of adapter directories, ``seen`` what the history knows."""
        self._named = [path for path in named if path is not None]
        self._adapters, self._seen, self._digests = adapters, seen, digests
        self._held: dict[Path, str | None] = {}
        self.unreadable: dict[Path, str] = {}
        """Directories that could not be read, and why."""

    def find(self, digest: str) -> dict[str, Path]:
        """Whole digest → directory, of each adapter whose digest begins like that."""
        found: dict[str, Path] = {}
        for path in self._places(digest):
            held = self._content(path)
            if held is not None and held.startswith(digest):
                found.setdefault(held, path)
                if len(digest) == FULL:
                    break
        return found

    def directories(self, digest: str) -> list[Path]:
        """Every directory that holds the adapter of a whole digest."""
        return [path for path in self._places(digest) if self._content(path) == digest]

    def looked(self, digest: str) -> str:
        """Where an adapter was looked for in vain, as the end of a sentence."""
        places = ["the arms of this gate"]
        if self._adapters is not None:
            places.append(f"the adapters folder {self._adapters}")
        past = list(dict.fromkeys(path for path in self._past(digest)))
        places += [f"{path}, where a run saw it" for path in past] or ["the history"]
        broken = [f"{path} could not be read: {why}" for path, why in self.unreadable.items()]
        return "; ".join([", ".join(places), *broken])

    def _places(self, digest: str) -> Iterator[Path]:
        yield from self._named
        if self._adapters is not None and self._adapters.is_dir():
            for path in sorted(self._adapters.iterdir()):
                if _may_be_adapter(path):
                    yield path
        yield from self._past(digest)

    def _past(self, digest: str) -> Iterator[Path]:
        for past in self._seen:
            if past.adapter is not None and past.adapter.startswith(digest):
                yield Path(past.path)

    def _content(self, path: Path) -> str | None:
        """The digest of what a directory holds; None where it holds nothing that can be read."""
        if path not in self._held:
            try:
                self._held[path] = self._digests.adapter(path)
            except AdapterError as error:
                self._held[path], self.unreadable[path] = None, str(error)
        return self._held[path]


def _may_be_adapter(path: Path) -> bool:
    try:
        return (path / CONFIG_FILE).is_file()
    except OSError:
        return True  # Why it cannot be looked into is told when it is read.
