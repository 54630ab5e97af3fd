"""report.json: the keys that others read, and nothing that JSON does not know."""

from __future__ import annotations

import itertools
import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from harness.reports import build_report
from harness.reports.document import document, to_json
from harness.types import CheckResult, Verdict

TOP = {
    "schema", "verdict", "base", "baseline", "anchor", "run", "arms", "members", "suites", "levels",
    "trends", "costs", "lineage", "mutations", "judges", "noises", "candidates",
}  # fmt: skip
PROMISED = {"id", "kind", "verdict", "estimate", "interval", "margin", "n", "p_value"}


def _refuse(text):
    raise AssertionError(f"{text} is no JSON")


def test_promised_keys_are_there(record):
    """The shape of issue and README: verdict, base, baseline, candidates and their checks."""
    found = document(build_report(record("contracts-deluge")))
    assert set(found) == TOP
    assert next(iter(found)) == "schema"
    assert found["schema"] == 1
    assert found["verdict"] == "REJECT"
    assert found["base"]["name"] == "base"
    assert found["baseline"]["name"] == "contracts-v1"
    candidate = found["candidates"][0]
    assert {"name", "digest", "verdict", "reasons", "checks", "flips", "cases", "effect"} <= set(
        candidate
    )
    for check in candidate["checks"]:
        assert set(check) > PROMISED
        assert set(check) == {field.name for field in fields(CheckResult)}


def test_readme_names_every_key(record):
    """The schema is documented: every top-level and candidate key stands in the README."""
    readme = (Path(__file__).parents[2] / "reports" / "README.md").read_text("utf-8")
    found = document(build_report(record("contracts-deluge")))
    candidate = found["candidates"][0]
    explanation = next(one for one in candidate["explanations"].values() if one["shared"])
    parts = (candidate["flips"], candidate["tally"], explanation, explanation["shared"][0])
    for key in (*found, *candidate, *found["run"], *itertools.chain(*parts)):
        assert f"`{key}`" in readme, key


def test_numbers_are_those_of_the_checks(record):
    """Floats are floats, unrounded; an interval is two of them."""
    run = record("contracts-deluge")
    by_id = {check.id: check for check in run.checks}
    text = to_json(build_report(run))
    for check in json.loads(text, parse_constant=_refuse)["candidates"][0]["checks"]:
        original = by_id[check["id"]]
        assert check["estimate"] == original.estimate
        assert check["n"] == original.n
        interval = check["interval"]
        assert (tuple(interval) if interval else None) == original.interval


def test_not_measured_is_null_not_zero(record):
    """What was not measured has no number."""
    run = record("contracts-v2")
    blank = replace(
        run.checks[0], verdict=Verdict.NOT_MEASURED, estimate=None, interval=None, p_value=None
    )
    found = document(build_report(replace(run, checks=(blank, *run.checks[1:]))))
    check = next(c for c in found["candidates"][0]["checks"] if c["id"] == blank.id)
    assert (check["estimate"], check["interval"], check["p_value"]) == (None, None, None)


def test_text_is_ascii_and_comes_back_whole(record, synthetic):
    """No byte of it steers a terminal, and hostile text, lone surrogates too, is all there."""
    hostile = "\x1b[2J\u202e::error::\ud800</script>" + "x" * 5000
    world = synthetic.World(n=8, text=hostile)
    text = to_json(build_report(record("contracts-deluge", world=world)))
    assert text.isascii()
    assert all(char.isprintable() or char == "\n" for char in text)
    prompts = {case["prompt"] for case in json.loads(text)["candidates"][0]["cases"]}
    assert prompts == {hostile}


@pytest.mark.parametrize("value", [float("inf"), float("nan"), Path("a/b"), ("x", 1), {"k": None}])
def test_settings_of_any_kind_are_written(record, value):
    """A setting that JSON has no word for is written as its text."""
    run = record("contracts-v2")
    odd = replace(run, run=replace(run.run, settings={"odd": value}))
    found = json.loads(to_json(build_report(odd)), parse_constant=_refuse)["run"]["settings"]["odd"]
    expected = {Path: "a/b", tuple: ["x", 1], dict: {"k": None}}.get(
        type(value) if not isinstance(value, Path) else Path, str(value)
    )
    assert found == expected
