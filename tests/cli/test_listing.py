"""``loragate list``: one line for everything that a suite can name."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.listing import KINDS, lines
from harness.errors import UsageError
from harness.suite.scoring import CorpusScorer


@pytest.mark.parametrize("kind", KINDS)
def test_every_line_says_what_it_does(kind: str) -> None:
    for name, _, sentence in lines(kind):
        assert sentence.endswith("."), name


def test_metrics_are_the_scorers_that_are_more_than_a_mean() -> None:
    assert {name for name, _, _ in lines("metrics")} == {
        name for name in KINDS["scorers"].names()
        if issubclass(KINDS["scorers"].load(name), CorpusScorer)
    }  # fmt: skip


def test_an_option_that_must_be_given_says_so() -> None:
    options = {name: options for name, options, _ in lines("scorers")}
    assert "source (required)" in options["grounded"]


def test_what_there_is_no_list_of_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="did you mean 'scorers'"):
        CliRunner().invoke(app, ["list", "scorer"], catch_exceptions=False)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_has_the_same_tables(kind: str) -> None:
    name = "mutators.md" if kind == "mutators" else "scorers.md"
    page = (Path(__file__).parents[2] / "docs" / name).read_text("utf-8")
    printed = CliRunner().invoke(app, ["list", kind, "--markdown"]).output
    assert printed in page
