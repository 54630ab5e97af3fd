"""What ``loragate history`` can be asked by name, as SQL on the public views.

``$run`` stands for the run that is asked about, ``$other`` for the one it is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping

QUESTIONS: Mapping[str, str] = {
    "runs": """
SELECT run, started, verdict, candidates, cases, computed, reused, seconds
FROM v1.runs ORDER BY run DESC LIMIT 20
""",
    "checks": """
SELECT name, suite, task, candidate, claim, verdict, estimate, low, high, margin, n, reason
FROM v1.checks WHERE run = $run ORDER BY candidate, suite, task, name
""",
    "flips": """
SELECT
  suite, task, sample, scorer, candidate, better, baseline_value, candidate_value, prompt,
  baseline_answer, candidate_answer
FROM v1.flips WHERE run = $run ORDER BY candidate, suite, task, sample, scorer
""",
    "trend": """
SELECT suite, task, scorer, role, arm, run, started, n, unscored, mean
FROM v1.trend ORDER BY suite, task, scorer, role, arm, run
""",
    "compare": """
SELECT
  suite, task, scorer, o.arm AS other, r.arm AS candidate, count(*) AS cases,
  avg(o.value) AS before, avg(r.value) AS now, avg(r.value - o.value) AS change,
  count(*) FILTER (r.value > o.value) AS better, count(*) FILTER (r.value < o.value) AS worse
FROM v1.scores o JOIN v1.scores r USING (case_digest, suite, task, scorer)
WHERE o.run = $other AND o.role = 'candidate' AND r.run = $run AND r.role = 'candidate'
  AND o.value IS NOT NULL AND r.value IS NOT NULL
GROUP BY ALL ORDER BY change, suite, task, scorer
""",
    "adapters": """
SELECT
  arm, arm_digest[:12] AS digest, verdict, runs, as_candidate, as_baseline, first_run, last_run,
  path
FROM v1.adapters ORDER BY last_run DESC, arm
""",
    "lineage": """
SELECT candidate, generation, name, adapter[:12] AS adapter, parent[:12] AS parent, rows, documented
FROM v1.lineage WHERE run = $run ORDER BY candidate, generation, name
""",
    "releases": """
SELECT
  l.number AS release, l.run, l.candidate, s.suite, s.task, s.scorer, s.score, s.base, s.retention,
  s.change
FROM v1.releases l LEFT JOIN v1.skills s USING (number) ORDER BY ALL
""",
}
"""Name → query."""
