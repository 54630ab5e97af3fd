"""Names, plug-ins and suggestions."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.registry import ENGINES, EXTRACTORS, SCORERS, Registry, nearest, suggest, unknown


def install(folder: Path, entry_points: str) -> None:
    """A distribution's metadata, as an installer leaves it."""
    info = folder / "toxic-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toxic\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)


def test_a_name_loads_what_it_stands_for() -> None:
    """``module:attribute`` is imported when it is asked for."""
    things = Registry("thing", {"join": "posixpath:join"})

    assert "/".join("ab") == things.load("join")("a", "b")


def test_nothing_is_imported_before_it_is_loaded() -> None:
    """A registered target may even be absent until its name is loaded."""
    things = Registry("thing", {"ghost": "no_such_module_at_all:x"})

    assert "ghost" in things
    with pytest.raises(UsageError, match="thing 'ghost' stands for no_such_module_at_all:x, which"):
        things.load("ghost")


def test_a_missing_attribute_is_told() -> None:
    """The module is there, the name in it is not."""
    things = Registry("thing", {"x": "posixpath:nothing_of_that_name"})

    with pytest.raises(UsageError, match="cannot be loaded"):
        things.load("x")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """A typo costs one look at the message."""
    things = Registry("thing", {"accuracy": "a:b", "grounded": "a:c"})

    with pytest.raises(UsageError, match=r"unknown thing 'acuracy' \(did you mean 'accuracy'\?\)"):
        things.load("acuracy")


def test_where_nothing_is_near_all_names_are_told() -> None:
    """A list is better than a silly guess."""
    assert unknown("thing", "zzz", ["b", "a"]) == "unknown thing 'zzz' (there is a, b)"
    assert nearest("zzz", []) == "there is none"


def test_a_name_is_given_once() -> None:
    """Both targets are named, so that one can be removed."""
    things = Registry("thing", {"x": "a:b"})

    with pytest.raises(UsageError, match="'x' is defined twice: as a:b and as c:d"):
        things.register("x", "c:d")


@pytest.mark.parametrize("target", ["", "module", "module:", ":attribute"])
def test_a_target_names_module_and_attribute(target: str) -> None:
    """Anything else would fail only when it is used."""
    with pytest.raises(UsageError, match="should be module:attribute"):
        Registry("thing", {"x": target})


def test_plug_ins_come_through_the_same_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry point of the kind's group is found by name and listed."""
    install(tmp_path, "[loragate.things]\nsplit = posixpath:split\n")
    monkeypatch.syspath_prepend(tmp_path)
    things = Registry("thing", {"join": "posixpath:join"})

    assert things.load("split")("a/b") == ("a", "b")
    assert things.names() == ["join", "split"]


def test_a_plug_in_cannot_take_a_built_in_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The built-in stays what it is, and listing says who wanted its name."""
    install(tmp_path, "[loragate.things]\njoin = evil:join\n")
    monkeypatch.syspath_prepend(tmp_path)
    things = Registry("thing", {"join": "posixpath:join"})

    assert things.load("join")("a", "b") == "a/b"
    for _ in range(2):
        with pytest.raises(UsageError, match="'join' is defined twice"):
            things.names()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("patern", "did you mean 'pattern'?"),
        ("Pattern", "did you mean 'pattern'?"),
        ("qqqq", ""),
        ("", ""),
    ],
)
def test_suggestions(word: str, expected: str) -> None:
    """Letter case is no difference, and far words are no suggestion."""
    assert suggest(word, ["pattern", "ignore_case"]) == expected


@pytest.mark.parametrize("registry", [SCORERS, EXTRACTORS], ids=["scorers", "extractors"])
def test_every_built_in_loads(registry: Registry) -> None:
    """No name of the product leads nowhere."""
    for name in registry.names():
        assert callable(registry.load(name))


def test_engines_are_named_without_importing_them() -> None:
    """Knowing that there is a torch engine does not import torch."""
    before = "torch" in sys.modules

    assert "torch" in ENGINES
    assert before == ("torch" in sys.modules)
