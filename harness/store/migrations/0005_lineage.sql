-- Texts that can be purged, the line of every candidate, what releases keep of each skill, and
-- means of finished runs, kept because a trend over millions of scores takes seconds.

ALTER TABLE data.cases ADD COLUMN purged VARCHAR;
ALTER TABLE data.outputs ADD COLUMN purged VARCHAR;
ALTER TABLE data.outputs ADD COLUMN occupancy DOUBLE;
COMMENT ON COLUMN data.outputs.occupancy IS 'Share of the places of its batch that held a token of a prompt; NULL where nothing is padded';
COMMENT ON COLUMN data.cases.purged IS 'Digest of the row, where the texts of the case were purged; else NULL or empty';
COMMENT ON COLUMN data.outputs.purged IS 'Digest of the text, where it was purged; else NULL or empty';

CREATE OR REPLACE VIEW v1.cases AS
SELECT
  run, digest AS case_digest, suite, task, sample, kind, prompt, choices, generation, target,
  cluster, slices, fields, input_digest, expect,
  nullif(mutation, '') AS mutation, nullif(parent, '') AS parent,
  coalesce(purged, '') <> '' AS purged
FROM data.cases;
COMMENT ON VIEW v1.cases IS 'One row per question and run';
COMMENT ON COLUMN v1.cases.run IS 'Run id';
COMMENT ON COLUMN v1.cases.case_digest IS 'Identity of the case by content';
COMMENT ON COLUMN v1.cases.suite IS 'Suite';
COMMENT ON COLUMN v1.cases.task IS 'Task of the suite';
COMMENT ON COLUMN v1.cases.sample IS 'Id of the data row or of the hand-written case';
COMMENT ON COLUMN v1.cases.kind IS 'check for a data sample, mutation for a mutated one, case for a hand-written one';
COMMENT ON COLUMN v1.cases.prompt IS 'Prompt as rendered';
COMMENT ON COLUMN v1.cases.choices IS 'Answers to choose from; empty where the answer is generated';
COMMENT ON COLUMN v1.cases.generation IS 'How the answer is generated, JSON; NULL for choices';
COMMENT ON COLUMN v1.cases.target IS 'Right answer, where there is one';
COMMENT ON COLUMN v1.cases.cluster IS 'Samples that are one piece of evidence share it';
COMMENT ON COLUMN v1.cases.slices IS 'Slice name to value, JSON';
COMMENT ON COLUMN v1.cases.fields IS 'Row of data, JSON';
COMMENT ON COLUMN v1.cases.input_digest IS 'Identity of what the model is shown';
COMMENT ON COLUMN v1.cases.expect IS 'What the answer to a hand-written case must meet, as the suite says it';
COMMENT ON COLUMN v1.cases.mutation IS 'Name of the mutation that made it; NULL for a clean case';
COMMENT ON COLUMN v1.cases.parent IS 'Of a mutated case, digest of the clean one';
COMMENT ON COLUMN v1.cases.purged IS 'Whether its texts were purged';

CREATE OR REPLACE VIEW v1.outputs AS
SELECT
  a.run,
  a."case" AS case_digest,
  a.arm AS arm_digest,
  a.key,
  coalesce(
    a.output.text, c.choices[list_position(a.output.logprobs, list_max(a.output.logprobs))]
  ) AS answer,
  a.output.text AS text,
  a.output.logprobs AS logprobs,
  a.output.prompt_tokens AS prompt_tokens,
  a.output.tokens AS tokens,
  a.output.seconds AS seconds,
  a.output.error AS error,
  a.output.run AS computed_in,
  coalesce(a.repeat, 0) AS repeat,
  coalesce(a.output.purged, '') <> '' AS purged,
  a.output.occupancy AS occupancy
FROM (
  SELECT given.*, CASE WHEN own.key IS NULL THEN earlier ELSE own END AS output
  FROM data.answers given
  LEFT JOIN data.outputs own ON own.run = given.run AND own.key = given.key
  LEFT JOIN (
    SELECT * FROM data.outputs WHERE error IS NULL
    QUALIFY row_number() OVER (PARTITION BY key ORDER BY rowid) = 1
  ) earlier ON earlier.key = given.key
) a
LEFT JOIN data.cases c ON c.run = a.run AND c.digest = a."case";
COMMENT ON VIEW v1.outputs IS 'One row per case, arm digest, repeat and run: what was answered';
COMMENT ON COLUMN v1.outputs.run IS 'Run that used the output';
COMMENT ON COLUMN v1.outputs.case_digest IS 'Identity of the case';
COMMENT ON COLUMN v1.outputs.arm_digest IS 'Identity of the arm';
COMMENT ON COLUMN v1.outputs.key IS 'Key of the output';
COMMENT ON COLUMN v1.outputs.answer IS 'Generated text, or the likeliest choice';
COMMENT ON COLUMN v1.outputs.text IS 'Generated text; NULL for choices';
COMMENT ON COLUMN v1.outputs.logprobs IS 'Natural-log likelihood of each choice, summed over its tokens';
COMMENT ON COLUMN v1.outputs.prompt_tokens IS 'Tokens of the prompt';
COMMENT ON COLUMN v1.outputs.tokens IS 'Generated or scored tokens';
COMMENT ON COLUMN v1.outputs.seconds IS 'Share of the wall time of its batch, when it was computed';
COMMENT ON COLUMN v1.outputs.error IS 'Why there is no answer; NULL if there is one';
COMMENT ON COLUMN v1.outputs.computed_in IS 'Run that computed the output';
COMMENT ON COLUMN v1.outputs.repeat IS '0 for the answer, 1 and up where the same was asked again';
COMMENT ON COLUMN v1.outputs.purged IS 'Whether its text was purged';
COMMENT ON COLUMN v1.outputs.occupancy IS 'Share of the places of its batch that held a token of a prompt; NULL where nothing is padded';

ALTER TABLE data.checks ADD COLUMN line BIGINT;
COMMENT ON COLUMN data.checks.line IS 'Line of the suite file in which it is declared; NULL or 0 where that is not known';

CREATE OR REPLACE VIEW v1.checks AS
SELECT
  run, id AS check_id, kind, suite, task, name, candidate, claim, metric, against, required,
  verdict, reason, estimate, "interval"[1] AS low, "interval"[2] AS high, margin, n, clusters,
  wins, losses, p_value, p_worse, alpha, method, candidate_value, reference_value, more_cases,
  alpha_worse, slice, look, planned, noise_floor,
  nullif(mutation, '') AS mutation, nullif(severity, '') AS severity,
  nullif(line, 0) AS line
FROM data.checks;
COMMENT ON VIEW v1.checks IS 'One row per claim, candidate and run';
COMMENT ON COLUMN v1.checks.run IS 'Run id';
COMMENT ON COLUMN v1.checks.check_id IS 'The pytest node id';
COMMENT ON COLUMN v1.checks.kind IS 'check, rubric, case or tripwire';
COMMENT ON COLUMN v1.checks.suite IS 'Suite';
COMMENT ON COLUMN v1.checks.task IS 'Task of the suite';
COMMENT ON COLUMN v1.checks.name IS 'Name of the check';
COMMENT ON COLUMN v1.checks.candidate IS 'Name of the candidate';
COMMENT ON COLUMN v1.checks.claim IS 'not-worse, better, min, max, no-failure or no-loss';
COMMENT ON COLUMN v1.checks.metric IS 'What is compared';
COMMENT ON COLUMN v1.checks.against IS 'Role of the reference; NULL for a claim about the candidate alone';
COMMENT ON COLUMN v1.checks.required IS 'Whether it counts towards the decision';
COMMENT ON COLUMN v1.checks.verdict IS 'PASS, INCONCLUSIVE, NOT_MEASURED or REGRESSED';
COMMENT ON COLUMN v1.checks.reason IS 'One sentence';
COMMENT ON COLUMN v1.checks.estimate IS 'Paired difference candidate minus reference, or the level of the candidate';
COMMENT ON COLUMN v1.checks.low IS 'Lower one-sided bound of the estimate';
COMMENT ON COLUMN v1.checks.high IS 'Upper one-sided bound of the estimate';
COMMENT ON COLUMN v1.checks.margin IS 'Margin of a comparison, or the floor or ceiling';
COMMENT ON COLUMN v1.checks.n IS 'Cases';
COMMENT ON COLUMN v1.checks.clusters IS 'Effective number of clusters';
COMMENT ON COLUMN v1.checks.wins IS 'Cases that only the candidate got right';
COMMENT ON COLUMN v1.checks.losses IS 'Cases that only the reference got right';
COMMENT ON COLUMN v1.checks.p_value IS 'Of the claim: small means proven';
COMMENT ON COLUMN v1.checks.p_worse IS 'One-sided, for worse, Holm-adjusted';
COMMENT ON COLUMN v1.checks.alpha IS 'Level at which the claim must be proven: that of the attempt';
COMMENT ON COLUMN v1.checks.method IS 'Statistical method';
COMMENT ON COLUMN v1.checks.candidate_value IS 'Metric of the candidate';
COMMENT ON COLUMN v1.checks.reference_value IS 'Metric of the reference';
COMMENT ON COLUMN v1.checks.more_cases IS 'How many more cases the claim needs, where that can be said';
COMMENT ON COLUMN v1.checks.alpha_worse IS 'Level at which a loss is proven: that of the policy';
COMMENT ON COLUMN v1.checks.slice IS 'Of a tripwire: which slice; else empty';
COMMENT ON COLUMN v1.checks.look IS 'Of a sequential check: the look it stopped at, from 1';
COMMENT ON COLUMN v1.checks.planned IS 'Of a sequential check: the cases it would have had at its last look';
COMMENT ON COLUMN v1.checks.noise_floor IS 'The smallest margin above the noise of the baseline, where that was measured';
COMMENT ON COLUMN v1.checks.mutation IS 'Of mutated cases, the mutation that made them; else NULL';
COMMENT ON COLUMN v1.checks.severity IS 'Of a hand-written case: critical, high, medium or low, where the suite says it; else NULL';
COMMENT ON COLUMN v1.checks.line IS 'Line of the suite file in which it is declared; NULL where that is not known';

CREATE TABLE data.ancestors (
  run VARCHAR, seq BIGINT, adapter VARCHAR, name VARCHAR, parent VARCHAR, rows BIGINT,
  documented BOOLEAN
);
COMMENT ON TABLE data.ancestors IS 'Adapters of the candidates and those that they continue, per run';
COMMENT ON COLUMN data.ancestors.run IS 'Run id';
COMMENT ON COLUMN data.ancestors.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.ancestors.adapter IS 'Digest of the adapter';
COMMENT ON COLUMN data.ancestors.name IS 'Name in its manifest, or of its directory';
COMMENT ON COLUMN data.ancestors.parent IS 'Digest of the adapter that it continues; NULL where none is known';
COMMENT ON COLUMN data.ancestors.rows IS 'Training rows that are known by their digest';
COMMENT ON COLUMN data.ancestors.documented IS 'Whether it has a manifest';

CREATE VIEW v1.lineage AS
WITH RECURSIVE served AS (
  SELECT run, name AS candidate, unnest(
    CASE WHEN adapter IS NULL THEN adapters->>'$.*' ELSE [adapter] END
  ) AS adapter
  FROM data.arms WHERE role = 'candidate'
), line AS (
  SELECT DISTINCT s.run, s.candidate, 0 AS generation, n.adapter, n.name, n.parent, n.rows, n.documented
  FROM served s JOIN data.ancestors n USING (run, adapter)
  UNION ALL
  SELECT l.run, l.candidate, l.generation + 1, n.adapter, n.name, n.parent, n.rows, n.documented
  FROM line l JOIN data.ancestors n ON n.run = l.run AND n.adapter = l.parent
)
SELECT run, candidate, generation, name, adapter, parent, rows, documented FROM line;
COMMENT ON VIEW v1.lineage IS 'One row per run, candidate and adapter that it is made of or continues';
COMMENT ON COLUMN v1.lineage.run IS 'Run id';
COMMENT ON COLUMN v1.lineage.candidate IS 'Name of the candidate';
COMMENT ON COLUMN v1.lineage.generation IS '0 for the adapter of the candidate, 1 for its parent, and so on';
COMMENT ON COLUMN v1.lineage.name IS 'Name in the manifest, or of the directory';
COMMENT ON COLUMN v1.lineage.adapter IS 'Digest of the adapter';
COMMENT ON COLUMN v1.lineage.parent IS 'Digest of the adapter that it continues; NULL where none is known';
COMMENT ON COLUMN v1.lineage.rows IS 'Training rows that are known by their digest';
COMMENT ON COLUMN v1.lineage.documented IS 'Whether it has a manifest';

CREATE VIEW v1.adapters AS
SELECT
  a.arm_digest, arg_max(a.arm, a.run) AS arm, arg_max(a.path, a.run) AS path,
  max(a.adapter) AS adapter, max(a.base) AS base, min(a.run) AS first_run, max(a.run) AS last_run,
  count(DISTINCT a.run) AS runs,
  count(DISTINCT a.run) FILTER (a.role = 'candidate') AS as_candidate,
  count(DISTINCT a.run) FILTER (a.role = 'baseline') AS as_baseline,
  arg_max(d.verdict, a.run) AS verdict
FROM v1.arms a
LEFT JOIN data.decisions d ON d.run = a.run AND d.arm = a.arm_digest AND a.role = 'candidate'
WHERE a.role <> 'base'
GROUP BY a.arm_digest;
COMMENT ON VIEW v1.adapters IS 'One row per arm with an adapter, by content: where it was seen, and how it was last decided on';
COMMENT ON COLUMN v1.adapters.arm_digest IS 'Identity by content';
COMMENT ON COLUMN v1.adapters.arm IS 'Its latest name';
COMMENT ON COLUMN v1.adapters.path IS 'Its latest directory, or release file';
COMMENT ON COLUMN v1.adapters.adapter IS 'Digest of the adapter; NULL for a release set';
COMMENT ON COLUMN v1.adapters.base IS 'Digest of the base model';
COMMENT ON COLUMN v1.adapters.first_run IS 'Run in which it was first seen';
COMMENT ON COLUMN v1.adapters.last_run IS 'Run in which it was last seen';
COMMENT ON COLUMN v1.adapters.runs IS 'Runs with it';
COMMENT ON COLUMN v1.adapters.as_candidate IS 'Runs in which it was a candidate';
COMMENT ON COLUMN v1.adapters.as_baseline IS 'Runs in which it was the baseline';
COMMENT ON COLUMN v1.adapters.verdict IS 'The latest decision on it; NULL where there is none';

CREATE VIEW v1.skills AS
WITH averaged AS (
  SELECT run, "case", arm, scorer, avg(value) AS value FROM data.scores
  WHERE run IN (SELECT run FROM v1.releases)
  GROUP BY ALL HAVING count(value) = count(*)
), measured AS (
  SELECT
    l.number, l.run, l.candidate, q.suite, q.task, s.scorer,
    avg(s.value) FILTER (s.arm = l.arm_digest) AS score,
    avg(s.value) FILTER (s.arm = b.digest) AS base
  FROM v1.releases l
  JOIN data.arms b ON b.run = l.run AND b.role = 'base'
  JOIN averaged s ON s.run = l.run AND s.arm IN (l.arm_digest, b.digest)
  JOIN data.cases q ON q.run = l.run AND q.digest = s."case" AND q.kind = 'check'
  GROUP BY ALL HAVING score IS NOT NULL
), known AS (
  SELECT m.*, r.suites->>m.suite AS content
  FROM measured m JOIN data.runs r USING (run)
)
SELECT
  number, run, candidate, suite, content, task, scorer, score, base,
  score / nullif(base, 0) AS retention,
  score - first_value(score) OVER (PARTITION BY suite, content, task, scorer ORDER BY number) AS change
FROM known;
COMMENT ON VIEW v1.skills IS 'One row per recorded promotion and skill: what is left of it. A suite of another content is another skill';
COMMENT ON COLUMN v1.skills.number IS 'Number of the promotion, from 1';
COMMENT ON COLUMN v1.skills.run IS 'Run id';
COMMENT ON COLUMN v1.skills.candidate IS 'Name of what was promoted';
COMMENT ON COLUMN v1.skills.suite IS 'Suite';
COMMENT ON COLUMN v1.skills.content IS 'Digest of the suite and its data';
COMMENT ON COLUMN v1.skills.task IS 'Task of the suite';
COMMENT ON COLUMN v1.skills.scorer IS 'Name of the scorer';
COMMENT ON COLUMN v1.skills.score IS 'Mean score of what was promoted, hand-written cases left out';
COMMENT ON COLUMN v1.skills.base IS 'Mean score of the base model in the same run';
COMMENT ON COLUMN v1.skills.retention IS 'Score divided by score of base; NULL where that is 0';
COMMENT ON COLUMN v1.skills.change IS 'Score minus that of the first promotion measured on the same content';

CREATE TABLE data.means (
  run VARCHAR, suite VARCHAR, task VARCHAR, scorer VARCHAR, role VARCHAR, arm VARCHAR,
  arm_digest VARCHAR, n BIGINT, unscored BIGINT, mean DOUBLE
);
COMMENT ON TABLE data.means IS 'Mean scores of finished runs, computed of data.scores when the end of a run is taken in';
COMMENT ON COLUMN data.means.run IS 'Run id';
COMMENT ON COLUMN data.means.suite IS 'Suite';
COMMENT ON COLUMN data.means.task IS 'Task of the suite';
COMMENT ON COLUMN data.means.scorer IS 'Name of the scorer';
COMMENT ON COLUMN data.means.role IS 'base, baseline, anchor or candidate';
COMMENT ON COLUMN data.means.arm IS 'Name of the arm';
COMMENT ON COLUMN data.means.arm_digest IS 'Identity of the arm';
COMMENT ON COLUMN data.means.n IS 'Scored cases';
COMMENT ON COLUMN data.means.unscored IS 'Cases without a score';
COMMENT ON COLUMN data.means.mean IS 'Mean of the scored ones, repeats of a case averaged first; NULL where there is none';

INSERT INTO data.means
SELECT
  run, suite, task, scorer, role, arm, arm_digest, count(value), count(*) - count(value), avg(value)
FROM v1.scores
WHERE kind = 'check' AND run IN (SELECT run FROM data.ingestions WHERE complete)
GROUP BY ALL;

CREATE OR REPLACE VIEW v1.trend AS
SELECT
  m.run, try_cast(r.started AS TIMESTAMP) AS started, m.suite, m.task, m.scorer, m.role, m.arm,
  m.arm_digest, m.n, m.unscored, m.mean
FROM data.means m JOIN data.runs r ON r.run = m.run;
COMMENT ON VIEW v1.trend IS 'Mean score per suite, task, scorer, arm and run, hand-written cases left out; order by run to see it move';
COMMENT ON COLUMN v1.trend.run IS 'Run id; sorts by time';
COMMENT ON COLUMN v1.trend.started IS 'Start of the run, UTC';
COMMENT ON COLUMN v1.trend.suite IS 'Suite';
COMMENT ON COLUMN v1.trend.task IS 'Task of the suite';
COMMENT ON COLUMN v1.trend.scorer IS 'Name of the scorer';
COMMENT ON COLUMN v1.trend.role IS 'Role of the arm';
COMMENT ON COLUMN v1.trend.arm IS 'Name of the arm';
COMMENT ON COLUMN v1.trend.arm_digest IS 'Identity of the arm: a name may have changed its content';
COMMENT ON COLUMN v1.trend.n IS 'Scored cases';
COMMENT ON COLUMN v1.trend.unscored IS 'Cases without a score; they are not in the mean';
COMMENT ON COLUMN v1.trend.mean IS 'Mean of the scores; NULL where nothing was scored';
