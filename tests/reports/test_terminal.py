"""The summary on the terminal: short, complete, and inert in any log."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness.reports import build_report, summary_lines
from harness.reports.headline import CLAIMS
from harness.types import Kind, Verdict

HOSTILE = "\n::error::pwned\r\x1b[2J##[error]x ##vso[task] \u202egpj\x00" + "y" * 9999


def test_promotion_reads_like_a_verdict(record):
    """Good news is short: a headline, and a line for each check with its bounds and limit."""
    report = build_report(record("contracts-v2"))
    head, headline, *checks = summary_lines(report)
    assert head == "✓ PROMOTE contracts-v2 against contracts-v1"
    assert headline == "  All required items pass: 7 checks and 4 cases"
    claims = [c for c in report.candidates[0].checks if c.kind is not Kind.CASE]
    assert len(checks) == len(claims)
    for line in checks:
        assert re.fullmatch(
            r"  ✓ PASS demo/\S+ \S+ .+ \[.+, .+\], limit \S+( \(not required\))?", line
        )


def test_quiet_says_less_and_verbose_says_more(record, synthetic):
    """As pytest's users expect of -q, -qq and -v."""
    report = build_report(synthetic.furnished(record("contracts-deluge")))
    (candidate,) = report.candidates
    verdict, quiet, usual, verbose = (summary_lines(report, v) for v in (-2, -1, 0, 1))
    assert verdict == ["✗ REJECT contracts-deluge against contracts-v1"]
    open_ = [c for c in candidate.checks if c.verdict is not Verdict.PASS]
    assert not any("✓" in line for line in quiet)
    assert sum(line.startswith(("  ✗", "  ?", "  ○")) for line in quiet) == len(open_)
    claims = [c for c in candidate.checks if c.kind in CLAIMS and c.verdict is Verdict.PASS]
    assert usual[: len(quiet)] == quiet == verbose[: len(quiet)]
    assert len(usual) == len(quiet) + len(claims)
    assert len(verbose) == len(quiet) + len(candidate.checks) - len(open_)
    assert any(" where " in line for line in verbose)


def test_many_checks_that_pass_are_counted(record):
    """A gate of a hundred checks does not scroll its verdict away."""
    run = record("contracts-v2")
    many = tuple(replace(run.checks[0], id=f"x::c{n}@contracts-v2") for n in range(100))
    lines = summary_lines(build_report(replace(run, checks=many)))
    assert lines[-1] == "  ✓ 60 more checks (-v lists them)"
    assert len(lines) == 2 + 40 + 1


def test_every_open_item_has_a_line_with_interval_and_limit(record):
    """What does not pass is listed, largest loss first, with its numbers."""
    report = build_report(record("contracts-deluge"))
    lines = summary_lines(report)
    bad = [c for c in report.candidates[0].checks if c.verdict is not Verdict.PASS]
    assert all(line.startswith("  ✓ PASS") for line in lines[2 + len(bad) :])
    assert lines[2].startswith("  ✗ REGRESSED demo/general arithmetic.accuracy −")
    assert "points against base [−" in lines[2]
    assert "], limit −5.0" in lines[2]
    assert "does not contain" in lines[1 + len(bad)]


def test_a_loss_says_where_it_gathers(record):
    """The slice that drives a regression stands on its line."""
    run = record("contracts-deluge")
    cases = tuple(
        replace(case, slices={"skill": "sums" if i % 4 == 0 else "rest"})
        for i, case in enumerate(run.cases)
    )
    sums = {c.digest for c in cases if c.task == "arithmetic" and c.slices["skill"] == "sums"}
    base, _, candidate = (arm.digest for arm in run.arms)
    scores = tuple(
        replace(score, value=float(score.arm == base or score.case not in sums))
        if score.arm in (base, candidate)
        else score
        for score in run.scores
    )
    report = build_report(replace(run, cases=cases, scores=scores))
    assert summary_lines(report)[2].endswith("; most where skill is sums (100.0% to 0.0%)")


def test_inconclusive_says_how_many_more(record, synthetic):
    """An open check is answered with what it takes."""
    lines = summary_lines(build_report(record("contracts-deluge", world=synthetic.World(n=30))))
    assert any(line.endswith("; about 1,234 more cases would settle it") for line in lines)


def test_unmeasured_says_why(record):
    """No numbers, but the reason."""
    run = record("contracts-v2")
    blank = replace(
        run.checks[0], verdict=Verdict.NOT_MEASURED, interval=None, reason="the engine died"
    )
    lines = summary_lines(build_report(replace(run, checks=(blank, *run.checks[1:]))))
    assert "  ○ NOT_MEASURED demo/clauses classify.accuracy: the engine died" in lines


def test_several_candidates_come_worst_first(record):
    lines = summary_lines(build_report(record("contracts-v2", "contracts-deluge")))
    assert lines[0].startswith("✗ REJECT contracts-deluge")
    assert "✓ PROMOTE contracts-v2 against contracts-v1" in lines[1:]


def test_what_must_be_known_follows_the_headline(record, synthetic):
    """Attempt and notes, one line each, before any check."""
    run = synthetic.furnished(record("contracts-v2"))
    assert summary_lines(build_report(run), -1)[2:] == [
        "  ! Attempt 2 against contracts-v1: claims must hold at α = 0.0076",
        *(f"  ! {note}" for note in run.decisions[0].notes),
    ]


def test_a_lost_slice_has_a_line_without_a_limit(record, synthetic):
    """There is no margin to name; where it happened is its name."""
    run = synthetic.furnished(record("contracts-deluge"))
    place, tripwire = next((i, c) for i, c in enumerate(run.checks) if c.slice and c.estimate)
    lost = replace(tripwire, verdict=Verdict.REGRESSED, estimate=-0.12, interval=(-0.2, -0.04))
    report = build_report(
        replace(run, checks=(*run.checks[:place], lost, *run.checks[place + 1 :]))
    )
    (line,) = (line for line in summary_lines(report)[5:] if lost.slice in line)
    assert line.startswith(
        f"  ✗ REGRESSED demo/clauses classify.accuracy where {lost.slice} −12.0 points "
        "against baseline [−20.0, −4.0]"
    )
    assert "limit" not in line


def test_a_loss_says_what_lost_cases_share(record, synthetic):
    """The first feature of the explanation, with its counts, in one clause."""
    report = build_report(synthetic.furnished(record("contracts-deluge")))
    candidate = report.candidates[0]
    check = next(c for c in candidate.checks if c.task == "arithmetic")
    found = candidate.explanations[check.id]
    first = found.shared[0]
    assert summary_lines(report)[5].endswith(
        f" in {first.lost} of {found.lost} lost clusters, {first.rest} of {found.rest} others"
    )


def test_an_early_stop_is_told(record, synthetic):
    run = synthetic.furnished(record("contracts-deluge"))
    checks = tuple(replace(c, verdict=Verdict.INCONCLUSIVE) if c.look else c for c in run.checks)
    lines = summary_lines(build_report(replace(run, checks=checks)))
    assert any("; stopped at look 2, after 400 of 800 cases" in line for line in lines)


@pytest.mark.parametrize("where", ["reason", "suite", "metric"])
def test_hostile_text_stays_one_inert_line(record, where):
    """No control character, no workflow command, no flood, wherever the text gets in."""
    run = record("contracts-deluge")
    checks = tuple(
        replace(check, **{where: HOSTILE[:300] if where != "reason" else HOSTILE})
        for check in run.checks
    )
    cases = tuple(
        replace(case, prompt=f"{HOSTILE[:99]} {case.prompt}", slices={HOSTILE[:99]: HOSTILE[:99]})
        if i % 3
        else case
        for i, case in enumerate(run.cases)
    )
    decision = replace(run.decisions[0], reasons=(HOSTILE,), notes=(HOSTILE[:999],))
    hostile = replace(run, cases=cases, checks=checks, decisions=(decision,))
    for line in summary_lines(build_report(hostile)):
        assert line.isprintable()
        assert not line.lstrip().startswith("::")
        assert "##" not in line
        assert len(line) < 2000
