-- The public views of schema v1, explained with examples in docs/history.md. Later migrations
-- may add views and columns; they rename and remove none.
--
-- `case_digest` and `arm_digest` identify, `arm` and `candidate` are names for people. Text that
-- UTF-8 cannot carry (a lone surrogate) reads as U+FDD0 and four hexadecimal digits.

CREATE SCHEMA v1;

CREATE VIEW v1.runs AS
SELECT
  r.run,
  try_cast(r.started AS TIMESTAMP) AS started,
  try_cast(e.finished AS TIMESTAMP) AS finished,
  e.seconds,
  d.verdict,
  coalesce(d.candidates, []) AS candidates,
  coalesce(c.cases, 0) AS cases,
  coalesce(o.computed, 0) AS computed,
  e.reused,
  r.version,
  r.numerics,
  r.policy,
  r.suites,
  r.settings
FROM data.runs r
LEFT JOIN data.ends e USING (run)
LEFT JOIN (
  SELECT
    run,
    arg_max(
      verdict,
      list_position(['PROMOTE', 'INCONCLUSIVE', 'PARTIAL', 'INCOMPLETE', 'REJECT'], verdict)
    ) AS verdict,
    list(candidate ORDER BY seq) AS candidates
  FROM data.decisions GROUP BY run
) d USING (run)
LEFT JOIN (SELECT run, count(*) AS cases FROM data.cases GROUP BY run) c USING (run)
LEFT JOIN (SELECT run, count(*) AS computed FROM data.outputs GROUP BY run) o USING (run);
COMMENT ON VIEW v1.runs IS 'One row per gate run';
COMMENT ON COLUMN v1.runs.run IS 'Run id; sorts by time';
COMMENT ON COLUMN v1.runs.started IS 'Start, UTC';
COMMENT ON COLUMN v1.runs.finished IS 'End, UTC; NULL for a run that was cut short';
COMMENT ON COLUMN v1.runs.seconds IS 'Wall time; NULL for a run that was cut short';
COMMENT ON COLUMN v1.runs.verdict IS 'Worst verdict of its candidates; NULL where none was decided';
COMMENT ON COLUMN v1.runs.candidates IS 'Names of the candidates decided on';
COMMENT ON COLUMN v1.runs.cases IS 'Number of cases';
COMMENT ON COLUMN v1.runs.computed IS 'Outputs computed by this run';
COMMENT ON COLUMN v1.runs.reused IS 'Outputs taken from earlier runs';
COMMENT ON COLUMN v1.runs.version IS 'Version of loragate';
COMMENT ON COLUMN v1.runs.numerics IS 'Numerics class of the outputs';
COMMENT ON COLUMN v1.runs.policy IS 'Digest of the policy';
COMMENT ON COLUMN v1.runs.suites IS 'Suite name to digest of the suite and its data, JSON';
COMMENT ON COLUMN v1.runs.settings IS 'What else was asked for, JSON';

CREATE VIEW v1.arms AS
SELECT
  run, role, name AS arm, digest AS arm_digest, base, adapter, path, executor, label, history,
  problem, adapters
FROM data.arms;
COMMENT ON VIEW v1.arms IS 'One row per system under test and run';
COMMENT ON COLUMN v1.arms.run IS 'Run id';
COMMENT ON COLUMN v1.arms.role IS 'base, baseline, anchor, candidate, or member of a release set';
COMMENT ON COLUMN v1.arms.arm IS 'Name of the arm';
COMMENT ON COLUMN v1.arms.arm_digest IS 'Identity of the arm by content';
COMMENT ON COLUMN v1.arms.base IS 'Digest of the base model';
COMMENT ON COLUMN v1.arms.adapter IS 'Digest of the adapter; NULL is the base model itself, or a release set';
COMMENT ON COLUMN v1.arms.path IS 'Adapter directory as the user named it';
COMMENT ON COLUMN v1.arms.executor IS 'How the arm was run: fused or peft';
COMMENT ON COLUMN v1.arms.label IS 'Why the arm was not run in the shared batch, where it was not';
COMMENT ON COLUMN v1.arms.history IS 'What the store knew of it: new, seen before, or changed in place since a run';
COMMENT ON COLUMN v1.arms.problem IS 'Why the arm could not be measured; NULL if it could';
COMMENT ON COLUMN v1.arms.adapters IS 'Of a release set: suite glob to digest of the adapter, JSON; else empty';

CREATE VIEW v1.cases AS
SELECT
  run, digest AS case_digest, suite, task, sample, kind, prompt, choices, generation, target,
  cluster, slices, fields, input_digest, expect
FROM data.cases;
COMMENT ON VIEW v1.cases IS 'One row per question and run';
COMMENT ON COLUMN v1.cases.run IS 'Run id';
COMMENT ON COLUMN v1.cases.case_digest IS 'Identity of the case by content';
COMMENT ON COLUMN v1.cases.suite IS 'Suite';
COMMENT ON COLUMN v1.cases.task IS 'Task of the suite';
COMMENT ON COLUMN v1.cases.sample IS 'Id of the data row or of the hand-written case';
COMMENT ON COLUMN v1.cases.kind IS 'check for a data sample, case for a hand-written one';
COMMENT ON COLUMN v1.cases.prompt IS 'Prompt as rendered';
COMMENT ON COLUMN v1.cases.choices IS 'Answers to choose from; empty where the answer is generated';
COMMENT ON COLUMN v1.cases.generation IS 'How the answer is generated, JSON; NULL for choices';
COMMENT ON COLUMN v1.cases.target IS 'Right answer, where there is one';
COMMENT ON COLUMN v1.cases.cluster IS 'Samples that are one piece of evidence share it';
COMMENT ON COLUMN v1.cases.slices IS 'Slice name to value, JSON';
COMMENT ON COLUMN v1.cases.fields IS 'Row of data, JSON';
COMMENT ON COLUMN v1.cases.input_digest IS 'Identity of what the model is shown';
COMMENT ON COLUMN v1.cases.expect IS 'What the answer to a hand-written case must meet, as the suite says it';

CREATE VIEW v1.outputs AS
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
  coalesce(a.repeat, 0) AS repeat
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

CREATE VIEW v1.scores AS
SELECT
  s.run, c.suite, c.task, c.sample, c.kind, a.role, a.name AS arm, s.scorer, s.value, s.reason,
  s."case" AS case_digest, s.arm AS arm_digest, s.repeats
FROM (
  SELECT
    run, "case", arm, scorer,
    CASE WHEN count(value) = count(*) THEN avg(value) END AS value,
    arg_min(reason, (value IS NOT NULL, coalesce(repeat, 0))) AS reason,
    list(value ORDER BY coalesce(repeat, 0)) AS repeats
  FROM data.scores GROUP BY run, "case", arm, scorer
) s
JOIN data.cases c ON c.run = s.run AND c.digest = s."case"
JOIN data.arms a ON a.run = s.run AND a.digest = s.arm;
COMMENT ON VIEW v1.scores IS 'One row per case, arm, scorer and run, repeats averaged; arms of equal content each have theirs';
COMMENT ON COLUMN v1.scores.run IS 'Run id';
COMMENT ON COLUMN v1.scores.suite IS 'Suite';
COMMENT ON COLUMN v1.scores.task IS 'Task of the suite';
COMMENT ON COLUMN v1.scores.sample IS 'Id of the data row or of the hand-written case';
COMMENT ON COLUMN v1.scores.kind IS 'check for a data sample, case for a hand-written one';
COMMENT ON COLUMN v1.scores.role IS 'Role of the arm';
COMMENT ON COLUMN v1.scores.arm IS 'Name of the arm';
COMMENT ON COLUMN v1.scores.scorer IS 'Name of the scorer';
COMMENT ON COLUMN v1.scores.value IS 'The score, the mean of its repeats; NULL where the scorer could not score one of them';
COMMENT ON COLUMN v1.scores.reason IS 'Why there is no score, or what the scorer had to say';
COMMENT ON COLUMN v1.scores.case_digest IS 'Identity of the case';
COMMENT ON COLUMN v1.scores.arm_digest IS 'Identity of the arm';
COMMENT ON COLUMN v1.scores.repeats IS 'The scores that were averaged: one, unless it was asked or judged several times';

CREATE VIEW v1.flips AS
SELECT
  b.run, b.suite, b.task, b.sample, b.scorer, b.arm AS baseline, c.arm AS candidate,
  CASE WHEN c.value > b.value THEN 'candidate' ELSE 'baseline' END AS better,
  b.value AS baseline_value, c.value AS candidate_value,
  q.prompt, q.target, bo.answer AS baseline_answer, co.answer AS candidate_answer,
  b.case_digest
FROM v1.scores b
JOIN v1.scores c ON c.run = b.run AND c.case_digest = b.case_digest AND c.scorer = b.scorer
JOIN data.cases q ON q.run = b.run AND q.digest = b.case_digest
LEFT JOIN v1.outputs bo
  ON bo.run = b.run AND bo.case_digest = b.case_digest AND bo.arm_digest = b.arm_digest
  AND bo.repeat = 0
LEFT JOIN v1.outputs co
  ON co.run = c.run AND co.case_digest = c.case_digest AND co.arm_digest = c.arm_digest
  AND co.repeat = 0
WHERE b.role = 'baseline' AND c.role = 'candidate' AND b.value <> c.value;
COMMENT ON VIEW v1.flips IS 'One row per case, scorer, candidate and run where baseline and candidate differ: who was better, both answers';
COMMENT ON COLUMN v1.flips.run IS 'Run id';
COMMENT ON COLUMN v1.flips.suite IS 'Suite';
COMMENT ON COLUMN v1.flips.task IS 'Task of the suite';
COMMENT ON COLUMN v1.flips.sample IS 'Id of the data row or of the hand-written case';
COMMENT ON COLUMN v1.flips.scorer IS 'Name of the scorer';
COMMENT ON COLUMN v1.flips.baseline IS 'Name of the baseline';
COMMENT ON COLUMN v1.flips.candidate IS 'Name of the candidate';
COMMENT ON COLUMN v1.flips.better IS 'candidate or baseline: whose score is higher';
COMMENT ON COLUMN v1.flips.baseline_value IS 'Score of the baseline';
COMMENT ON COLUMN v1.flips.candidate_value IS 'Score of the candidate';
COMMENT ON COLUMN v1.flips.prompt IS 'Prompt as rendered';
COMMENT ON COLUMN v1.flips.target IS 'Right answer, where there is one';
COMMENT ON COLUMN v1.flips.baseline_answer IS 'Generated text or likeliest choice of the baseline, the first where it was asked again';
COMMENT ON COLUMN v1.flips.candidate_answer IS 'Generated text or likeliest choice of the candidate, the first where it was asked again';
COMMENT ON COLUMN v1.flips.case_digest IS 'Identity of the case';

CREATE VIEW v1.trend AS
SELECT
  s.run, r.started, s.suite, s.task, s.scorer, s.role, s.arm, s.arm_digest,
  count(s.value) AS n, count(*) - count(s.value) AS unscored, avg(s.value) AS mean
FROM v1.scores s
JOIN v1.runs r ON r.run = s.run
WHERE s.kind = 'check'
GROUP BY ALL;
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

CREATE VIEW v1.checks AS
SELECT
  run, id AS check_id, kind, suite, task, name, candidate, claim, metric, against, required,
  verdict, reason, estimate, "interval"[1] AS low, "interval"[2] AS high, margin, n, clusters,
  wins, losses, p_value, p_worse, alpha, method, candidate_value, reference_value, more_cases,
  alpha_worse, slice, look, planned, noise_floor
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

CREATE VIEW v1.decisions AS
SELECT run, candidate, arm AS arm_digest, verdict, reasons, alpha, attempt, rules, repeats, notes
FROM data.decisions;
COMMENT ON VIEW v1.decisions IS 'One row per candidate and run';
COMMENT ON COLUMN v1.decisions.run IS 'Run id';
COMMENT ON COLUMN v1.decisions.candidate IS 'Name of the candidate';
COMMENT ON COLUMN v1.decisions.arm_digest IS 'Identity of the candidate by content';
COMMENT ON COLUMN v1.decisions.verdict IS 'PROMOTE, INCONCLUSIVE, PARTIAL, INCOMPLETE or REJECT';
COMMENT ON COLUMN v1.decisions.reasons IS 'Sentences';
COMMENT ON COLUMN v1.decisions.alpha IS 'Level of the tests for promotion';
COMMENT ON COLUMN v1.decisions.attempt IS 'Which attempt against the baseline it is; NULL where it spends none';
COMMENT ON COLUMN v1.decisions.rules IS 'Digest of suites and policy: what the candidate was judged by';
COMMENT ON COLUMN v1.decisions.repeats IS 'Run whose decision it repeats; NULL for one of its own';
COMMENT ON COLUMN v1.decisions.notes IS 'What must be known before signing, sentences';

CREATE VIEW v1.attempts AS
SELECT
  d.run, b.name AS baseline, b.digest AS baseline_digest, d.attempt AS number, d.candidate,
  d.arm AS arm_digest, d.rules, d.verdict, d.alpha, d.reasons, d.seq
FROM data.decisions d
JOIN data.ends e ON e.run = d.run
JOIN data.arms b ON b.run = d.run AND b.role = 'baseline'
WHERE d.attempt IS NOT NULL AND d.repeats IS NULL;
COMMENT ON VIEW v1.attempts IS 'One row per decision of a finished run that spent an attempt against a baseline';
COMMENT ON COLUMN v1.attempts.run IS 'Run id';
COMMENT ON COLUMN v1.attempts.baseline IS 'Name of the baseline';
COMMENT ON COLUMN v1.attempts.baseline_digest IS 'Identity of the baseline by content';
COMMENT ON COLUMN v1.attempts.number IS 'Which attempt it was, from 1; disjoint sets of cases are counted apart';
COMMENT ON COLUMN v1.attempts.candidate IS 'Name of the candidate';
COMMENT ON COLUMN v1.attempts.arm_digest IS 'Identity of the candidate by content';
COMMENT ON COLUMN v1.attempts.rules IS 'Digest of suites and policy: what the candidate was judged by';
COMMENT ON COLUMN v1.attempts.verdict IS 'PROMOTE, INCONCLUSIVE or REJECT';
COMMENT ON COLUMN v1.attempts.alpha IS 'Level of promotion that the attempt had';
COMMENT ON COLUMN v1.attempts.reasons IS 'Sentences';
COMMENT ON COLUMN v1.attempts.seq IS 'Order within the run';

CREATE VIEW v1.releases AS
SELECT
  row_number() OVER (ORDER BY d.run, d.seq) AS number,
  d.run, d.candidate, d.arm AS arm_digest, b.name AS baseline, b.digest AS baseline_digest
FROM data.decisions d
JOIN data.ends e ON e.run = d.run
JOIN data.arms b ON b.run = d.run AND b.role = 'baseline'
WHERE d.verdict = 'PROMOTE' AND d.repeats IS NULL AND d.arm NOT IN (
  SELECT a.digest FROM data.arms a WHERE a.run = d.run AND a.role IN ('base', 'baseline')
);
COMMENT ON VIEW v1.releases IS 'One row per recorded PROMOTE decision of a finished run, oldest first; nothing promoted over itself, no repeats';
COMMENT ON COLUMN v1.releases.number IS 'Which release it is, from 1';
COMMENT ON COLUMN v1.releases.run IS 'Run id; sorts by time';
COMMENT ON COLUMN v1.releases.candidate IS 'Name of what was promoted';
COMMENT ON COLUMN v1.releases.arm_digest IS 'Identity of what was promoted by content';
COMMENT ON COLUMN v1.releases.baseline IS 'Name of the baseline that it replaces';
COMMENT ON COLUMN v1.releases.baseline_digest IS 'Identity of that baseline by content';

CREATE VIEW v1.noises AS
SELECT run, suite, task, metric, n, flips, rate, "floor"
FROM data.noises;
COMMENT ON VIEW v1.noises IS 'One row per suite, task, metric and run in which the baseline was run twice';
COMMENT ON COLUMN v1.noises.run IS 'Run id';
COMMENT ON COLUMN v1.noises.suite IS 'Suite';
COMMENT ON COLUMN v1.noises.task IS 'Task of the suite';
COMMENT ON COLUMN v1.noises.metric IS 'What is compared';
COMMENT ON COLUMN v1.noises.n IS 'Cases';
COMMENT ON COLUMN v1.noises.flips IS 'Cases whose score changed from one time to the other';
COMMENT ON COLUMN v1.noises.rate IS 'Mean squared change of a score: of right-or-wrong scores the share that flipped';
COMMENT ON COLUMN v1.noises."floor" IS 'A smaller margin cannot be told from noise';

CREATE VIEW v1.effects AS
SELECT
  run, arm AS arm_digest, other AS other_digest, prompts, difference, noise, threshold, proven,
  reason
FROM data.effects;
COMMENT ON VIEW v1.effects IS 'One row per pair of arms and run: proof that they behave differently';
COMMENT ON COLUMN v1.effects.run IS 'Run id';
COMMENT ON COLUMN v1.effects.arm_digest IS 'Identity of one arm';
COMMENT ON COLUMN v1.effects.other_digest IS 'Identity of the other arm';
COMMENT ON COLUMN v1.effects.prompts IS 'Prompts compared';
COMMENT ON COLUMN v1.effects.difference IS 'Largest absolute difference of log-probabilities, nats';
COMMENT ON COLUMN v1.effects.noise IS 'The same of one arm run twice';
COMMENT ON COLUMN v1.effects.threshold IS 'What the difference must exceed';
COMMENT ON COLUMN v1.effects.proven IS 'Whether it does';
COMMENT ON COLUMN v1.effects.reason IS 'One sentence';
