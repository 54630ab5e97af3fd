"""What a gate asks of the runs before it: attempts, rules, stored scores, pilots, releases.

Decisions and scores count only of finished runs: what a run that was cut short had decided was
never told to anyone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.store import codec
from harness.store.read import History, columns, read_all
from harness.types import Attempt, CheckResult, Claim, Kind, Role, Run, Score

_ATTEMPTS = """
SELECT run, number, arm_digest, rules, verdict, reasons FROM v1.attempts
WHERE baseline_digest = $baseline AND run IN (
  SELECT run FROM data.cases
  WHERE kind = 'check' AND input_digest IN (SELECT unnest($inputs::VARCHAR[]))
)
ORDER BY run, seq
"""

_KNOWS = """
SELECT count(*) > 0 FROM data.arms JOIN data.ends USING (run)
WHERE digest = ? AND role IN ('baseline', 'candidate')
"""

_LAST_RULES = """
SELECT max(a.run) FROM v1.attempts a JOIN data.runs r ON r.run = a.run
WHERE list_has_any(json_keys(r.suites), ?::VARCHAR[])
"""

_MEASURED = """
SELECT DISTINCT s.run, c.suite, r.suites
FROM data.scores s
JOIN data.ends e ON e.run = s.run
JOIN data.runs r ON r.run = s.run
JOIN data.cases c ON c.run = s.run AND c.digest = s."case"
WHERE s.arm = $arm AND c.suite IN (SELECT unnest($suites::VARCHAR[]))
ORDER BY s.run DESC
"""

_SCORES = """
FROM data.scores s
WHERE s.run = $run AND s.arm = $arm AND s."case" IN (
  SELECT digest FROM data.cases WHERE run = $run AND suite IN (SELECT unnest($suites::VARCHAR[]))
)
ORDER BY s.seq
"""

_COMPARISON = """
SELECT k.run, c.digest, r.digest, k.n, k.wins, k.losses, k.clusters
FROM data.checks k
JOIN data.ends e ON e.run = k.run
JOIN data.arms c ON c.run = k.run AND c.role = 'candidate' AND c.name = k.candidate
JOIN data.arms r ON r.run = k.run AND r.role = k.against
WHERE k.suite = $suite AND k.task = $task AND k.metric = $metric
  AND k.kind IN ('check', 'rubric') AND k.wins IS NOT NULL AND c.digest <> r.digest
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

_WORK = """
SELECT
  sum(prompt_tokens) FILTER (logprobs IS NOT NULL), sum(seconds) FILTER (logprobs IS NOT NULL),
  sum(prompt_tokens) FILTER (text IS NOT NULL), sum(tokens) FILTER (text IS NOT NULL),
  sum(seconds) FILTER (text IS NOT NULL)
FROM data.outputs
WHERE error IS NULL AND seconds > 0 AND run IN (
  SELECT run FROM data.runs
  WHERE numerics = (SELECT arg_max(numerics, run) FROM data.runs SEMI JOIN data.outputs USING (run))
)
"""

_RELEASES = """
SELECT l.run, l.candidate, l.arm_digest, l.baseline_digest, r.suites
FROM v1.releases l JOIN data.runs r ON r.run = l.run
ORDER BY l.number
"""

_SKILLS = """
WITH averaged AS (
  SELECT run, "case", arm, scorer, avg(value) AS value FROM data.scores
  WHERE run IN (SELECT run FROM v1.releases)
  GROUP BY ALL HAVING count(value) = count(*)
)
SELECT
  l.number, q.suite, q.task, s.scorer,
  avg(s.value) FILTER (s.arm = l.arm_digest) AS score, avg(s.value) FILTER (s.arm = b.digest)
FROM v1.releases l
JOIN data.arms b ON b.run = l.run AND b.role = 'base'
JOIN averaged s ON s.run = l.run AND s.arm IN (l.arm_digest, b.digest)
JOIN data.cases q ON q.run = l.run AND q.digest = s."case" AND q.kind = 'check'
GROUP BY ALL HAVING score IS NOT NULL
ORDER BY ALL
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
    runs: Mapping[str, str]
    """Suite → the run that the scores are of; a suite that was never measured is absent."""
    changed: tuple[str, ...]
    """Suites that were measured only with other content: their scores are not comparable."""


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


class Past(History):
    """The questions of a gate; each answers empty where there is no history yet."""

    def attempts(self, baseline: str, inputs: Collection[str]) -> tuple[Attempt, ...]:
        """The attempts against the arm of this digest, oldest first.

        Those of runs that share a data case with ``inputs`` (input digests): a disjoint set of
        cases is new evidence and starts a new sequence. A repeat is no attempt of its own.
        """
        if not self.begun:
            return ()
        with self.open() as connection:
            asked = {"baseline": baseline, "inputs": list(inputs)}
            return tuple(codec.from_rows(Attempt, connection.execute(_ATTEMPTS, asked).fetchall()))

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

    def stored_scores(self, arm: str, suites: Mapping[str, str]) -> StoredScores:
        """All scores of the arm of this digest on ``suites`` (suite → digest).

        Of each suite from the latest run that measured the arm on the same content.
        """
        if not self.begun:
            return StoredScores((), {}, ())
        with self.open() as connection:
            asked = {"arm": arm, "suites": list(suites)}
            measured = connection.execute(_MEASURED, asked).fetchall()
            runs: dict[str, str] = {}
            for run, suite, contents in measured:
                if json.loads(contents).get(suite) == suites[suite]:
                    runs.setdefault(suite, run)
            scores: list[Score] = []
            for run in sorted(set(runs.values())):
                asked = {"run": run, "arm": arm, "suites": [s for s in runs if runs[s] == run]}
                rows = connection.execute(f"SELECT {columns('score')} {_SCORES}", asked)
                scores += codec.from_rows(Score, rows.fetchall())
        changed = {suite for _, suite, _ in measured} - runs.keys()
        return StoredScores(tuple(scores), runs, tuple(sorted(changed)))

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


def _once(checks: Sequence[CheckResult]) -> tuple[Rule, ...]:
    """What the checks demanded of any candidate, each once."""
    rules: dict[tuple[str, str, str], Rule] = {}
    for check in checks:
        key = (check.suite, check.task, check.name)
        if key not in rules or rules[key].margin is None:
            rules[key] = Rule(
                *key,
                kind=check.kind,
                claim=check.claim,
                against=check.against,
                margin=check.margin,
                required=check.required,
                slice=check.slice,
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
