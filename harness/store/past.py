"""What a gate asks of the runs before it: attempts, rules, stored scores, pilots, releases.

Decisions and scores count only of finished runs: what a run that was cut short had decided was
never told to anyone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.store import codec
from harness.store.read import History, columns, read_all
from harness.store.values import write_json
from harness.suite.digest import digest
from harness.types import Attempt, Case, CheckResult, Claim, Kind, Role, Run, Score, Verdict

_ROW = "list_sort(map_entries(fields::MAP(VARCHAR, JSON)))"
"""The row of a case, whatever the order of its fields."""

_REHEARSED = "SELECT run FROM data.runs WHERE settings->>'rehearsal' = 'true'"
"""Runs of an engine without a model, from which nothing is learned of any arm."""

_SHARING = f"""
  WITH earlier AS (
    SELECT run, input_digest, fields, purged FROM data.cases
    WHERE kind = $kind AND run IN (
      SELECT run FROM data.arms WHERE role = 'baseline' AND digest = $baseline
    )
  ), same AS (
    SELECT fields FROM (SELECT DISTINCT fields FROM earlier)
    WHERE {_ROW} IN (SELECT {_ROW} FROM (SELECT unnest(from_json($rows, '["JSON"]')) AS fields))
  )
  SELECT run FROM earlier
  WHERE input_digest IN (SELECT unnest($inputs::VARCHAR[])) OR fields IN (FROM same)
    OR purged IN (SELECT unnest($purged::VARCHAR[]))
"""
"""Runs against this baseline that share a case: what the model was shown, or the row of data."""

_ATTEMPTS = f"""
SELECT run, number, arm_digest, rules, verdict, reasons FROM v1.attempts
WHERE baseline_digest = $baseline AND run IN ({_SHARING})
ORDER BY run, seq
"""

_LOOKED_AT = f"""
SELECT DISTINCT d.arm
FROM data.decisions d
JOIN data.ends e ON e.run = d.run
JOIN data.arms b ON b.run = d.run AND b.role = 'baseline'
WHERE b.digest = $baseline AND d.attempt IS NULL AND d.repeats IS NULL
  AND d.arm NOT IN (
    SELECT a.digest FROM data.arms a WHERE a.run = d.run AND a.role IN ('base', 'baseline')
  )
  AND EXISTS (
    FROM data.checks k
    WHERE k.run = d.run AND k.candidate = d.candidate
      AND k.against IS NOT NULL AND k.estimate IS NOT NULL
  )
  AND d.run IN ({_SHARING}) AND d.run NOT IN ({_REHEARSED})
"""

_KNOWS = f"""
SELECT count(*) > 0 FROM data.arms JOIN data.ends USING (run)
WHERE digest = ? AND role IN ('baseline', 'candidate') AND run NOT IN ({_REHEARSED})
"""

_LAST_RULES = """
SELECT max(a.run) FROM v1.attempts a JOIN data.runs r ON r.run = a.run
WHERE list_has_any(json_keys(r.suites), ?::VARCHAR[])
"""

_MEASURED = """
SELECT DISTINCT s.run, c.suite, r.suites, r.numerics
FROM data.scores s
JOIN data.ends e ON e.run = s.run
JOIN data.runs r ON r.run = s.run
JOIN data.cases c ON c.run = s.run AND c.digest = s."case"
WHERE s.arm = $arm AND c.suite IN (SELECT unnest($suites::VARCHAR[])) AND NOT EXISTS (
  FROM data.arms a WHERE a.run = s.run AND a.digest = s.arm AND a.executor = 'stored'
)
ORDER BY s.run DESC
"""

_SCORES = f"""
WITH usable AS (
  SELECT unnest($runs::VARCHAR[]) AS run, unnest($suites::VARCHAR[]) AS suite
), found AS (
  SELECT s.*, bool_or(s.value IS NULL) OVER (PARTITION BY s.run, s."case", s.scorer) AS failed
  FROM data.scores s
  JOIN data.cases c ON c.run = s.run AND c.digest = s."case"
  JOIN usable u ON u.run = c.run AND u.suite = c.suite
  WHERE s.arm = $arm
)
SELECT {columns("score")} FROM found
QUALIFY run = first_value(run) OVER (PARTITION BY "case", scorer ORDER BY failed, run DESC)
ORDER BY run, seq
"""
"""Of each case and scorer from one run: the latest that could score it, else the latest."""

_COMPARISON = f"""
SELECT k.run, c.digest, r.digest, k.n, k.wins, k.losses, k.clusters
FROM data.checks k
JOIN data.ends e ON e.run = k.run
JOIN data.arms c ON c.run = k.run AND c.role = 'candidate' AND c.name = k.candidate
JOIN data.arms r ON r.run = k.run AND r.role = k.against
WHERE k.suite = $suite AND k.task = $task AND k.metric = $metric
  AND k.kind IN ('check', 'rubric') AND k.wins IS NOT NULL AND c.digest <> r.digest
  AND k.run NOT IN ({_REHEARSED})
ORDER BY k.run DESC, k.n DESC, k.against = 'baseline' DESC, k.seq
LIMIT 1
"""

_VARIANCE = """
WITH averaged AS (
  SELECT "case", arm, avg(value) AS value FROM data.scores
  WHERE run = $run AND scorer = $metric AND arm IN ($candidate, $reference)
  GROUP BY ALL HAVING count(value) = count(*)
)
SELECT var_samp(c.value - r.value)
FROM averaged c
JOIN averaged r ON r."case" = c."case" AND r.arm = $reference
JOIN data.cases q ON q.run = $run AND q.digest = c."case"
WHERE c.arm = $candidate AND q.suite = $suite AND q.task = $task AND q.kind = 'check'
"""

_WORK = f"""
SELECT
  sum(prompt_tokens) FILTER (logprobs IS NOT NULL), sum(seconds) FILTER (logprobs IS NOT NULL),
  sum(prompt_tokens) FILTER (text IS NOT NULL), sum(tokens) FILTER (text IS NOT NULL),
  sum(seconds) FILTER (text IS NOT NULL)
FROM data.outputs
WHERE error IS NULL AND seconds > 0 AND run IN (
  SELECT run FROM data.runs
  WHERE numerics = (
    SELECT arg_max(numerics, run) FROM data.runs SEMI JOIN data.outputs USING (run)
    WHERE run NOT IN ({_REHEARSED})
  )
)
"""

_RELEASES = """
SELECT l.run, l.candidate, l.arm_digest, l.baseline_digest, r.suites
FROM v1.releases l JOIN data.runs r ON r.run = l.run
ORDER BY l.number
"""

_SERVED = f"""
WITH asked AS (
  SELECT unnest($suites::VARCHAR[]) AS suite, unnest($contents::VARCHAR[]) AS content
)
SELECT a.suite, count(*), min(r.started)
FROM asked a
JOIN data.runs r ON r.suites->>a.suite = a.content AND r.run < $run
JOIN data.ends e ON e.run = r.run
JOIN data.decisions d ON d.run = r.run AND d.repeats IS NULL
WHERE r.run NOT IN ({_REHEARSED})
GROUP BY a.suite
"""

_SKILLS = """
SELECT number, suite, task, scorer, score, base FROM v1.skills ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """What one check demanded, whatever the candidate."""

    suite: str
    task: str
    name: str
    """Of the check; the twin against the anchor and each tripwire have names of their own."""
    kind: Kind
    claim: Claim
    against: Role | None
    margin: float | None
    """Margin of a comparison, floor or ceiling; None where there is none, or none was measured."""
    required: bool
    slice: str = ""
    """Of a tripwire: ``clause_type = payment``."""
    metric: str = ""
    sequential: bool | None = None
    """None where it was not measured: what is stored does not tell then."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the candidates of one run were judged by."""

    run: str
    policy: Mapping[str, Any]
    """As the policy's keys say it."""
    suites: tuple[str, ...]
    checks: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class StoredScores:
    """Scores of an arm whose weights are gone."""

    scores: tuple[Score, ...]
    incomparable: Mapping[str, str]
    """Suite → why the scores that there are of it cannot be compared with new ones."""


@dataclass(frozen=True, slots=True)
class Pilot:
    """What the latest comparison by a metric found, to plan the next."""

    run: str
    n: int
    wins: int
    losses: int
    clusters: float
    """Effective number of clusters, n²/Σm²."""
    variance: float | None
    """Of the paired differences, over n − 1; None where fewer than two pairs are stored."""


class Throughput(NamedTuple):
    """How fast the engine was, in tokens a second; None for what it has not done yet."""

    prompt: float | None
    """Prompt tokens; where answers are chosen, scoring the choices is counted with them."""
    generated: float | None


@dataclass(frozen=True, slots=True)
class Skill:
    """Mean scores on one task by one scorer, hand-written cases left out."""

    suite: str
    content: str
    """Digest of the suite: scores of another content are not comparable."""
    task: str
    scorer: str
    score: float
    """Of the candidate that was promoted."""
    base: float | None
    """Of the base model in the same run."""


@dataclass(frozen=True, slots=True)
class Release:
    """A recorded PROMOTE decision."""

    run: str
    candidate: str
    arm: str
    """Digest of the candidate's arm."""
    baseline: str
    skills: tuple[Skill, ...]


@dataclass(frozen=True, slots=True)
class Served:
    """How long a gate set has been in use: the more it decided, the more it is tuned to."""

    decisions: int
    """On candidates, in finished runs; repeated ones do not count."""
    since: str
    """ISO 8601: start of the first of these runs."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a run's report tells of the runs before it."""

    releases: tuple[Release, ...] = ()
    """Oldest first."""
    served: Mapping[str, Served] = field(default_factory=dict)
    """Suite → decisions on the very same content of it; no entry: this is the first."""


class Past(History):
    """The questions of a gate; each answers empty where there is no history yet."""

    def attempts(self, baseline: str, cases: Collection[Case]) -> tuple[Attempt, ...]:
        """The attempts against the arm of this digest, oldest first.

        Those of runs that share a data case, by what the model is shown or by the whole row: a
        disjoint set of cases is new evidence and starts a new sequence. Where there is no data
        case at all, the hand-written ones count. A repeat is no attempt of its own.
        """
        if not self.begun:
            return ()
        with self.open() as connection:
            found = connection.execute(_ATTEMPTS, _sharing(baseline, cases)).fetchall()
            return tuple(codec.from_rows(Attempt, found))

    def looked_at(self, baseline: str, cases: Collection[Case]) -> frozenset[str]:
        """Digests of the candidates that runs compared with this arm without an attempt.

        Cases are shared as in ``attempts``.
        """
        if not self.begun:
            return frozenset()
        with self.open() as connection:
            found = connection.execute(_LOOKED_AT, _sharing(baseline, cases)).fetchall()
            return frozenset(arm for (arm,) in found)

    def knows(self, arm: str) -> bool:
        """Whether a finished run had the arm of this digest as baseline or candidate."""
        if not self.begun:
            return False
        with self.open() as connection:
            ((known,),) = connection.execute(_KNOWS, [arm]).fetchall()
            return bool(known)

    def last_rules(self, suites: Collection[str]) -> Rules | None:
        """Of the latest run that spent an attempt on at least one of these suites."""
        if not self.begun:
            return None
        with self.open() as connection:
            ((run,),) = connection.execute(_LAST_RULES, [list(suites)]).fetchall()
            if run is None:
                return None
            (header,) = read_all(connection, Run, "run", run)
            checks = read_all(connection, CheckResult, "check", run)
        policy = header.settings.get("policy", {})
        return Rules(run, policy, tuple(header.suites), _once(checks))

    def stored_scores(self, arm: str, suites: Mapping[str, str], numerics: str) -> StoredScores:
        """All scores of the arm of this digest that compare with those of a new run.

        ``suites`` (suite → digest) and ``numerics`` are that run's: of other content, or computed
        otherwise, scores are another thing. Each case is taken from the latest run that scored
        it, but never where scores were themselves taken over.
        """
        if not self.begun:
            return StoredScores((), {})
        with self.open() as connection:
            asked = {"arm": arm, "suites": list(suites)}
            usable: list[tuple[str, str]] = []
            incomparable: dict[str, str] = {}
            for run, suite, contents, computed in connection.execute(_MEASURED, asked).fetchall():
                why = _incomparable(suite, json.loads(contents), computed, suites, numerics)
                if why is None:
                    usable.append((run, suite))
                else:
                    incomparable.setdefault(suite, why)
            runs, measured = [run for run, _ in usable], [suite for _, suite in usable]
            asked = {"arm": arm, "runs": runs, "suites": measured}
            scores = codec.from_rows(Score, connection.execute(_SCORES, asked).fetchall())
        left = {suite: why for suite, why in incomparable.items() if suite not in measured}
        return StoredScores(tuple(scores), left)

    def pilot(self, suite: str, task: str, metric: str) -> Pilot | None:
        """The latest comparison of two different arms by a metric; the largest of its run."""
        if not self.begun:
            return None
        of = {"suite": suite, "task": task, "metric": metric}
        with self.open() as connection:
            found = connection.execute(_COMPARISON, of).fetchone()
            if found is None:
                return None
            run, candidate, reference, n, wins, losses, clusters = found
            pair = {"run": run, "candidate": candidate, "reference": reference}
            ((variance,),) = connection.execute(_VARIANCE, of | pair).fetchall()
        return Pilot(run, n, wins, losses, clusters, variance)

    def throughput(self) -> Throughput | None:
        """How fast outputs were computed under the numerics class that was used last.

        A time is taken as prompt tokens / prompt rate + generated tokens / generated rate. What
        was only chosen from tells the first; of generation alone both are the rate of all tokens.
        """
        if not self.begun:
            return None
        with self.open() as connection:
            ((*chosen, prompts, tokens, seconds),) = connection.execute(_WORK).fetchall()
        if chosen[1]:
            prompt = chosen[0] / chosen[1]
            if not seconds:
                return Throughput(prompt, None)
            rest = seconds - prompts / prompt
            # Where reading alone would have taken longer, the rates are not told apart.
            return Throughput(prompt, tokens / (rest if rest > 0 else seconds))
        if not seconds:
            return None
        both = (prompts + tokens) / seconds
        return Throughput(both, both)

    def before(self, run: Run) -> Before:
        """Of the runs that began before this one."""
        if not self.begun:
            return Before()
        asked = {"suites": list(run.suites), "contents": [*run.suites.values()], "run": run.id}
        with self.open() as connection:
            served = connection.execute(_SERVED, asked).fetchall()
        return Before(
            releases=tuple(release for release in self.releases() if release.run < run.id),
            served={suite: Served(decisions, since) for suite, decisions, since in served},
        )

    def releases(self) -> tuple[Release, ...]:
        """The promotions, oldest first; base or baseline promoted over itself is none."""
        if not self.begun:
            return ()
        with self.open() as connection:
            releases = connection.execute(_RELEASES).fetchall()
            rows = connection.execute(_SKILLS).fetchall()
        return tuple(
            Release(run, candidate, arm, baseline, _skills(json.loads(suites), at, rows))
            for at, (run, candidate, arm, baseline, suites) in enumerate(releases, start=1)
        )


def _sharing(baseline: str, cases: Collection[Case]) -> dict[str, Any]:
    """What ``_SHARING`` asks of the history."""
    kind = Kind.CHECK if any(case.kind is Kind.CHECK for case in cases) else Kind.CASE
    linking = [case for case in cases if case.kind is kind]
    rows = list({id(case.fields): case.fields for case in linking}.values())
    return {
        "baseline": baseline,
        "kind": kind,
        "inputs": list({case.input_digest for case in linking}),
        "purged": [digest(row) for row in rows if row],
        "rows": f"[{','.join(map(write_json, rows))}]",
    }


def _incomparable(
    suite: str, contents: Mapping[str, str], computed: str, now: Mapping[str, str], numerics: str
) -> str | None:
    """Why scores of a run do not compare with those of a new one; None where they do."""
    if contents.get(suite) != now[suite]:
        return f"they are of another version of {suite}"
    # A class for each executor in use: one in common shows that all else is the same.
    if set(computed.split("; ")) & set(numerics.split("; ")):
        return None
    old, new = (text.partition("; ")[0].split() for text in (computed, numerics))
    was = " ".join(word for word in old if word not in new)
    is_ = " ".join(word for word in new if word not in old)
    return f"they were computed with {was or computed}, this run computes with {is_ or numerics}"


def _once(checks: Sequence[CheckResult]) -> tuple[Rule, ...]:
    """What the checks demanded of any candidate, each once."""
    rules: dict[tuple[str, str, str], Rule] = {}
    for check in checks:
        key = (check.suite, check.task, check.name)
        if key not in rules or rules[key].margin is None:
            measured = check.verdict is not Verdict.NOT_MEASURED
            rules[key] = Rule(
                *key,
                kind=check.kind,
                claim=check.claim,
                against=check.against,
                margin=check.margin,
                required=check.required,
                slice=check.slice,
                metric=check.metric,
                sequential=check.look is not None if measured else None,
            )
    return tuple(rules.values())


def _skills(
    contents: Mapping[str, str], release: int, rows: Sequence[Sequence[Any]]
) -> tuple[Skill, ...]:
    return tuple(
        Skill(suite, contents.get(suite, ""), task, scorer, score, base)
        for number, suite, task, scorer, score, base in rows
        if number == release
    )
