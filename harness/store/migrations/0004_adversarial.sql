-- Mutated cases, how arms stand a mutation, and what judges are worth.

ALTER TABLE data.cases ADD COLUMN mutation VARCHAR;
ALTER TABLE data.cases ADD COLUMN parent VARCHAR;
COMMENT ON COLUMN data.cases.kind IS 'check for a data sample, mutation for a mutated one, case for a hand-written one';
COMMENT ON COLUMN data.cases.mutation IS 'Name of the mutation that made it; NULL or empty for a clean case';
COMMENT ON COLUMN data.cases.parent IS 'Of a mutated case, digest of the clean one';

ALTER TABLE data.checks ADD COLUMN mutation VARCHAR;
ALTER TABLE data.checks ADD COLUMN severity VARCHAR;
COMMENT ON COLUMN data.checks.mutation IS 'Of mutated cases, the mutation that made them; NULL or empty elsewhere';
COMMENT ON COLUMN data.checks.severity IS 'Of a hand-written case, as the suite says it; NULL or empty elsewhere';

ALTER TABLE data.effects ADD COLUMN unit VARCHAR;
COMMENT ON COLUMN data.effects.unit IS 'Of difference, noise and threshold: nats (NULL means it), or share of texts';

CREATE OR REPLACE VIEW v1.cases AS
SELECT
  run, digest AS case_digest, suite, task, sample, kind, prompt, choices, generation, target,
  cluster, slices, fields, input_digest, expect,
  nullif(mutation, '') AS mutation, nullif(parent, '') AS parent
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

CREATE OR REPLACE VIEW v1.checks AS
SELECT
  run, id AS check_id, kind, suite, task, name, candidate, claim, metric, against, required,
  verdict, reason, estimate, "interval"[1] AS low, "interval"[2] AS high, margin, n, clusters,
  wins, losses, p_value, p_worse, alpha, method, candidate_value, reference_value, more_cases,
  alpha_worse, slice, look, planned, noise_floor,
  nullif(mutation, '') AS mutation, nullif(severity, '') AS severity
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

CREATE OR REPLACE VIEW v1.effects AS
SELECT
  run, arm AS arm_digest, other AS other_digest, prompts, difference, noise, threshold, proven,
  reason, coalesce(unit, 'nats') AS unit
FROM data.effects;
COMMENT ON VIEW v1.effects IS 'One row per pair of arms and run: proof that they behave differently';
COMMENT ON COLUMN v1.effects.run IS 'Run id';
COMMENT ON COLUMN v1.effects.arm_digest IS 'Identity of one arm';
COMMENT ON COLUMN v1.effects.other_digest IS 'Identity of the other arm';
COMMENT ON COLUMN v1.effects.prompts IS 'Prompts compared';
COMMENT ON COLUMN v1.effects.difference IS 'Largest absolute difference of log-probabilities, or the share of texts that differ';
COMMENT ON COLUMN v1.effects.noise IS 'The same of one arm run twice';
COMMENT ON COLUMN v1.effects.threshold IS 'What the difference must exceed';
COMMENT ON COLUMN v1.effects.proven IS 'Whether it does';
COMMENT ON COLUMN v1.effects.reason IS 'One sentence';
COMMENT ON COLUMN v1.effects.unit IS 'Of difference, noise and threshold: nats, or share of texts';

CREATE TABLE data.robustnesses (
  run VARCHAR, seq BIGINT, suite VARCHAR, task VARCHAR, mutation VARCHAR, mutator VARCHAR,
  relation VARCHAR, metric VARCHAR, arm VARCHAR, n BIGINT, seeds BIGINT, robustness DOUBLE,
  mutated DOUBLE, clean DOUBLE, delta DOUBLE, low DOUBLE, high DOUBLE, spot_check DOUBLE
);
COMMENT ON TABLE data.robustnesses IS 'How the answers of each arm stand each mutation';
COMMENT ON COLUMN data.robustnesses.run IS 'Run id';
COMMENT ON COLUMN data.robustnesses.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.robustnesses.suite IS 'Suite';
COMMENT ON COLUMN data.robustnesses.task IS 'Task of the suite';
COMMENT ON COLUMN data.robustnesses.mutation IS 'Name of the mutation in the suite';
COMMENT ON COLUMN data.robustnesses.mutator IS 'What mutates';
COMMENT ON COLUMN data.robustnesses.relation IS 'What must hold of the answers to mutated texts';
COMMENT ON COLUMN data.robustnesses.metric IS 'Scorer';
COMMENT ON COLUMN data.robustnesses.arm IS 'Digest of the arm';
COMMENT ON COLUMN data.robustnesses.n IS 'Mutated cases';
COMMENT ON COLUMN data.robustnesses.seeds IS 'Of them, those whose clean text was answered rightly';
COMMENT ON COLUMN data.robustnesses.robustness IS 'Share of the seeds whose mutated text was answered rightly as well';
COMMENT ON COLUMN data.robustnesses.mutated IS 'Mean score of the mutated cases';
COMMENT ON COLUMN data.robustnesses.clean IS 'Mean score of their clean cases; NULL where those have no such score';
COMMENT ON COLUMN data.robustnesses.delta IS 'Mean of mutated minus clean, case by case';
COMMENT ON COLUMN data.robustnesses.low IS 'Lower one-sided bound of delta';
COMMENT ON COLUMN data.robustnesses.high IS 'Upper one-sided bound of delta';
COMMENT ON COLUMN data.robustnesses.spot_check IS 'Share of the mutated texts that a person should look at';

CREATE VIEW v1.robustness AS
SELECT
  r.run, a.role, a.name AS arm, r.suite, r.task, r.mutation, r.mutator, r.relation, r.metric,
  r.n, r.seeds, r.robustness, r.mutated, r.clean, r.delta, r.low, r.high, r.spot_check
FROM data.robustnesses r
JOIN data.arms a ON a.run = r.run AND a.digest = r.arm AND a.role <> 'member';
COMMENT ON VIEW v1.robustness IS 'One row per arm, mutation and run: how its answers stand the mutation';
COMMENT ON COLUMN v1.robustness.run IS 'Run id';
COMMENT ON COLUMN v1.robustness.role IS 'base, baseline, anchor or candidate';
COMMENT ON COLUMN v1.robustness.arm IS 'Name of the arm';
COMMENT ON COLUMN v1.robustness.suite IS 'Suite';
COMMENT ON COLUMN v1.robustness.task IS 'Task of the suite';
COMMENT ON COLUMN v1.robustness.mutation IS 'Name of the mutation in the suite';
COMMENT ON COLUMN v1.robustness.mutator IS 'What mutates';
COMMENT ON COLUMN v1.robustness.relation IS 'What must hold of the answers to mutated texts';
COMMENT ON COLUMN v1.robustness.metric IS 'Scorer';
COMMENT ON COLUMN v1.robustness.n IS 'Mutated cases';
COMMENT ON COLUMN v1.robustness.seeds IS 'Of them, those whose clean text was answered rightly';
COMMENT ON COLUMN v1.robustness.robustness IS 'Share of the seeds whose mutated text was answered rightly as well';
COMMENT ON COLUMN v1.robustness.mutated IS 'Mean score of the mutated cases';
COMMENT ON COLUMN v1.robustness.clean IS 'Mean score of their clean cases; NULL where those have no such score';
COMMENT ON COLUMN v1.robustness.delta IS 'Mean of mutated minus clean, case by case';
COMMENT ON COLUMN v1.robustness.low IS 'Lower one-sided bound of delta, at the level of the policy';
COMMENT ON COLUMN v1.robustness.high IS 'Upper one-sided bound of delta, at the level of the policy';
COMMENT ON COLUMN v1.robustness.spot_check IS 'Share of the mutated texts that a person should look at';

CREATE TABLE data.judges (
  run VARCHAR, seq BIGINT, suite VARCHAR, task VARCHAR, rubric VARCHAR,
  judge VARCHAR, who VARCHAR, asked VARCHAR, graded BIGINT, failed BIGINT,
  consistent DOUBLE, spread DOUBLE, labelled BIGINT, exact DOUBLE, kappa DOUBLE,
  bias DOUBLE, low DOUBLE, high DOUBLE, strata DOUBLE[], favours VARCHAR,
  favour DOUBLE, favour_low DOUBLE, favour_high DOUBLE
);
COMMENT ON TABLE data.judges IS 'What the judge of each rubric did, and how he compares with people';
COMMENT ON COLUMN data.judges.run IS 'Run id';
COMMENT ON COLUMN data.judges.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.judges.suite IS 'Suite';
COMMENT ON COLUMN data.judges.task IS 'Task of the suite';
COMMENT ON COLUMN data.judges.rubric IS 'Rubric';
COMMENT ON COLUMN data.judges.judge IS 'base, baseline, anchor, or a judge of the policy';
COMMENT ON COLUMN data.judges.who IS 'Digest of an arm, or address and model name of a served judge';
COMMENT ON COLUMN data.judges.asked IS 'Digest of how the judge is asked';
COMMENT ON COLUMN data.judges.graded IS 'Answers that were graded or compared';
COMMENT ON COLUMN data.judges.failed IS 'Answers that could not be graded';
COMMENT ON COLUMN data.judges.consistent IS 'Of pairs, the share judged the same in both orders';
COMMENT ON COLUMN data.judges.spread IS 'Of several runs, the mean standard deviation of one answers grades';
COMMENT ON COLUMN data.judges.labelled IS 'Answers with grades of people that were graded as well';
COMMENT ON COLUMN data.judges.exact IS 'Of these, the share of equal grades';
COMMENT ON COLUMN data.judges.kappa IS 'Cohens kappa with quadratic weights';
COMMENT ON COLUMN data.judges.bias IS 'Mean of judge minus people, as scores';
COMMENT ON COLUMN data.judges.low IS 'Lower one-sided bound of the bias';
COMMENT ON COLUMN data.judges.high IS 'Upper one-sided bound of the bias';
COMMENT ON COLUMN data.judges.strata IS 'The bias on short, middle and long answers';
COMMENT ON COLUMN data.judges.favours IS 'Whose answers are overrated most beside the others';
COMMENT ON COLUMN data.judges.favour IS 'By how much';
COMMENT ON COLUMN data.judges.favour_low IS 'Lower one-sided bound of it';
COMMENT ON COLUMN data.judges.favour_high IS 'Upper one-sided bound of it';

CREATE VIEW v1.judges AS
SELECT
  run, suite, task, rubric, judge, who, asked, graded,
  failed, consistent, spread, labelled, exact, kappa, bias, low,
  high, strata, favours, favour, favour_low, favour_high
FROM data.judges;
COMMENT ON VIEW v1.judges IS 'One row per judged rubric and run: what its judge did, and how he compares with people';
COMMENT ON COLUMN v1.judges.run IS 'Run id';
COMMENT ON COLUMN v1.judges.suite IS 'Suite';
COMMENT ON COLUMN v1.judges.task IS 'Task of the suite';
COMMENT ON COLUMN v1.judges.rubric IS 'Rubric';
COMMENT ON COLUMN v1.judges.judge IS 'base, baseline, anchor, or a judge of the policy';
COMMENT ON COLUMN v1.judges.who IS 'Digest of an arm, or address and model name of a served judge';
COMMENT ON COLUMN v1.judges.asked IS 'Digest of how the judge is asked';
COMMENT ON COLUMN v1.judges.graded IS 'Answers that were graded or compared';
COMMENT ON COLUMN v1.judges.failed IS 'Answers that could not be graded';
COMMENT ON COLUMN v1.judges.consistent IS 'Of pairs, the share judged the same in both orders';
COMMENT ON COLUMN v1.judges.spread IS 'Of several runs, the mean standard deviation of one answers grades';
COMMENT ON COLUMN v1.judges.labelled IS 'Answers with grades of people that were graded as well';
COMMENT ON COLUMN v1.judges.exact IS 'Of these, the share of equal grades';
COMMENT ON COLUMN v1.judges.kappa IS 'Cohens kappa with quadratic weights';
COMMENT ON COLUMN v1.judges.bias IS 'Mean of judge minus people, as scores';
COMMENT ON COLUMN v1.judges.low IS 'Lower one-sided bound of the bias';
COMMENT ON COLUMN v1.judges.high IS 'Upper one-sided bound of the bias';
COMMENT ON COLUMN v1.judges.strata IS 'The bias on short, middle and long answers';
COMMENT ON COLUMN v1.judges.favours IS 'Whose answers are overrated most beside the others';
COMMENT ON COLUMN v1.judges.favour IS 'By how much';
COMMENT ON COLUMN v1.judges.favour_low IS 'Lower one-sided bound of it';
COMMENT ON COLUMN v1.judges.favour_high IS 'Upper one-sided bound of it';
