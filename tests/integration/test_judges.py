"""Rubrics that a judge grades: his failures, his bias, his contradictions, all in sight."""

import importlib
import json

import pytest

judging_engine = importlib.import_module("judging_engine")

RUBRIC = """
suite: shop/colours
data: {path: items.jsonl, id: id}
tasks:
  - name: say
    prompt: "Item {{ n }}! Colour:"
    generate: {max_tokens: 3, stop: ["\\n"]}
    target: "{{ colour }}"
    scorers: [exact_match]
rubrics:
  - name: right
    task: say
    criteria: [factual_accuracy]
    by: judge
    judge: {%s}
    %s
"""
LABELS = "labels: {path: graded.jsonl, answer: said, grade: grade, arm: who}"


@pytest.fixture
def judged(pytester, project, monkeypatch):
    """Gate a suite with one judged rubric: how the judge is asked, and what is claimed."""
    monkeypatch.setattr(judging_engine, "FAILS", [0.0])
    monkeypatch.setattr(judging_engine, "STYLE", {})
    project.root.joinpath("conftest.py").write_text(
        "from harness.registry import ENGINES\n"
        "if 'judging' not in ENGINES:\n"
        "    ENGINES.register('judging', 'judging_engine:JudgingEngine')\n"
    )

    def run(judge="by: base", claim="margin: 0.05", *arguments):
        project.suite(RUBRIC % (judge, claim))
        plain = ("-p", "no:hypothesispytest", "--engine", "judging")
        return pytester.runpytest_inprocess("suites", *plain, *arguments)

    return run


def _graded(project, favoured=0):
    """Answers of two adapters with grades of people, who give 4 and 2 and no bonus for style."""
    rows = []
    for n in range(60):
        for who, style in (("v1", ""), ("v2", "!" * favoured)):
            right = n % 2 == 0
            colour = ("red", "green", "blue")[(n if right else n + 1) % 3]
            said = f" {colour}{style}"
            rows.append({"n": n, "who": who, "said": said, "grade": 4 if right else 2,
                         "colour": "-"})  # fmt: skip
    text = "".join(json.dumps(row) + "\n" for row in rows)
    project.write("suites/graded.jsonl", text)


def test_a_better_adapter_gets_better_grades(judged, report):
    """Right answers are worth three quarters of the scale, wrong ones one quarter."""
    assert judged().ret == 0
    found = report()
    (check,) = found["candidates"][0]["checks"]
    assert (check["kind"], check["verdict"]) == ("rubric", "PASS")
    assert check["candidate_value"] - check["reference_value"] == pytest.approx(0.05, abs=0.03)
    (judge,) = found["judges"]
    assert (judge["judge"], judge["graded"], judge["failed"]) == ("base", 600, 0)
    assert judge["labelled"] == 0


def test_a_worse_adapter_is_rejected_by_its_judge(judged, project):
    project.adapter("bad", 0.4)
    result = judged("by: base", "margin: 0.03", "--candidate", "bad")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*REGRESSED*rubric/right -*against baseline*"])


def test_a_judge_who_fails_is_never_a_score(judged, report, monkeypatch):
    """One in ten of his answers is missing: nothing is measured, nobody is promoted."""
    monkeypatch.setattr(judging_engine, "FAILS", [0.1])
    result = judged()
    assert result.ret == 1
    found = report()
    assert found["verdict"] == "INCOMPLETE"
    (check,) = found["candidates"][0]["checks"]
    assert check["verdict"] == "NOT_MEASURED"
    assert "the judge failed: the judge is out to lunch" in check["reason"]
    assert found["judges"][0]["failed"] == pytest.approx(60, abs=30)


def test_a_judge_who_writes_no_grade_is_not_measured(judged, report, monkeypatch):
    monkeypatch.setattr(judging_engine, "_grade", lambda answer, number: "wonderful")
    judged("by: base, temperature: 0.5", "margin: 0.05")
    (check,) = report()["candidates"][0]["checks"]
    assert check["verdict"] == "NOT_MEASURED"
    assert "no grade from 1 to 5" in check["reason"]


def test_a_biased_judge_is_visible(judged, project, report, monkeypatch):
    """He likes the candidate's style: five points of grades that people did not give."""
    _graded(project, favoured=1)
    monkeypatch.setattr(judging_engine, "STYLE", {0.8: "!"})
    result = judged(f"by: base, {LABELS}")
    (judge,) = report()["judges"]
    assert (judge["favours"], judge["labelled"]) == ("v2", 120)
    assert judge["favour"] == pytest.approx(0.25)
    assert judge["favour_low"] > 0
    assert judge["bias"] == pytest.approx(0.125)
    result.stdout.fnmatch_lines(["*overrates v2 beside others by +25.0 points*"])
    assert any("people graded" in note for note in report()["candidates"][0]["notes"])


def test_a_fair_judge_agrees_with_people(judged, project, report):
    _graded(project)
    judged(f"by: base, {LABELS}")
    (judge,) = report()["judges"]
    assert (judge["exact"], judge["kappa"], judge["bias"]) == (1.0, 1.0, 0.0)
    assert not any("overrates" in note for note in report()["candidates"][0]["notes"])


def test_pairs_are_judged_in_both_orders(judged, report):
    """Between equals he prefers the first, which both orders together show as a tie."""
    assert judged("by: base, pairwise: true", "against: baseline").ret == 0
    (check,) = report()["candidates"][0]["checks"]
    assert check["estimate"] == pytest.approx(0.1, abs=0.06)
    assert check["losses"] == 0
    (judge,) = report()["judges"]
    assert judge["consistent"] == pytest.approx(0.1, abs=0.06)
    assert judge["graded"] == 300


def test_several_runs_are_drawn_and_their_spread_is_told(judged, report):
    judged("by: base, temperature: 0.7, runs: 3", "min: 0.3")
    (check,) = report()["candidates"][0]["checks"]
    assert check["verdict"] == "PASS"
    assert report()["judges"][0]["spread"] == 0.0


def test_what_is_left_for_people_is_not_measured(gate, project, report):
    text = RUBRIC.replace("by: judge\n    judge: {%s}\n    %s", "by: human\n    margin: 0.05")
    project.suite(text)
    result = gate()
    assert result.ret == 1
    assert report()["verdict"] == "INCOMPLETE"
    result.stdout.fnmatch_lines(["*left for people: 300 cases*"])


def test_grades_are_asked_for_once(judged, calls):
    """A second gate takes them from the history."""
    judged()
    first = sum(calls)
    calls.clear()
    judged()
    assert first > 600
    assert sum(calls) == 0


@pytest.mark.parametrize(
    ("judge", "claim", "sentence"),
    [
        (
            "by: nobody",
            "",
            "*colours.yaml:15:17:*unknown judge 'nobody' (there is base, baseline)*",
        ),
        ("by: base, runs: 3", "", "*'runs' without a temperature*"),
        ("by: base, pairwise: true", "min: 0.5", "*compares two answers gives no level*"),
        ("by: base, template: 'Grade it'", "", "*the judge is not shown 'answer'*"),
        ("by: base, template: '{{ answer }}{{ mood }}'", "", "*no field 'mood'*"),
        (f"by: base, {LABELS}", "", "*graded.jsonl*"),
    ],
)
def test_what_is_wrong_with_a_judge_is_told_at_its_line(judged, judge, claim, sentence):
    result = judged(judge, claim)
    assert result.ret == 2
    result.stdout.fnmatch_lines([sentence])
