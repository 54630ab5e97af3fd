-- The history's private, append-only tables; the public views follow in 0002.
--
-- Every table of records has the run, the record's number in that run's journal (`seq`), and
-- then the fields of its class in harness/types.py under the same names (a test compares them).
-- No keys, no indexes, no updates: a pair (run, seq) is unique because ingestion only ever
-- inserts above the watermark in `data.ingestions`; `harness.store.verify` checks that it is.

CREATE SCHEMA data;

CREATE TABLE data.migrations (number INTEGER, name VARCHAR, sha256 VARCHAR);
COMMENT ON TABLE data.migrations IS 'One row per migration applied to this file; the highest number is its schema';
COMMENT ON COLUMN data.migrations.number IS 'Number of the migration, from 1 without gaps';
COMMENT ON COLUMN data.migrations.name IS 'File name of the migration';
COMMENT ON COLUMN data.migrations.sha256 IS 'Hash of the text that was applied, to know a file of another make';

CREATE TABLE data.ingestions (
  run VARCHAR, seq BIGINT, records BIGINT, bytes BIGINT, complete BOOLEAN, sha256 VARCHAR
);
COMMENT ON TABLE data.ingestions IS 'One row per transaction that took records from a journal; the highest seq of a run is its watermark';
COMMENT ON COLUMN data.ingestions.run IS 'Run whose journal was read';
COMMENT ON COLUMN data.ingestions.seq IS 'Number of the last journal line taken';
COMMENT ON COLUMN data.ingestions.records IS 'Rows that this transaction inserted';
COMMENT ON COLUMN data.ingestions.bytes IS 'Size of the journal when it was read, to see that nothing is new';
COMMENT ON COLUMN data.ingestions.complete IS 'Whether the footer was reached, so that nothing will follow';
COMMENT ON COLUMN data.ingestions.sha256 IS 'Hash of the journal''s lines, from its footer; NULL without one';

CREATE TABLE data.runs (
  run VARCHAR, seq BIGINT, id VARCHAR, started VARCHAR, version VARCHAR, numerics VARCHAR,
  policy VARCHAR, suites JSON, settings JSON
);
COMMENT ON TABLE data.runs IS 'Header of each gate run';
COMMENT ON COLUMN data.runs.run IS 'Run id, from the name of the journal';
COMMENT ON COLUMN data.runs.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.runs.id IS 'Run id, from the record';
COMMENT ON COLUMN data.runs.started IS 'ISO 8601, UTC';
COMMENT ON COLUMN data.runs.version IS 'Version of loragate';
COMMENT ON COLUMN data.runs.numerics IS 'Numerics class of the outputs';
COMMENT ON COLUMN data.runs.policy IS 'Digest of the policy';
COMMENT ON COLUMN data.runs.suites IS 'Suite name to digest of the suite and its data';
COMMENT ON COLUMN data.runs.settings IS 'What else was asked for';

CREATE TABLE data.ends (
  run VARCHAR, seq BIGINT, finished VARCHAR, seconds DOUBLE, reused BIGINT
);
COMMENT ON TABLE data.ends IS 'End of each run that was not cut short';
COMMENT ON COLUMN data.ends.run IS 'Run id';
COMMENT ON COLUMN data.ends.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.ends.finished IS 'ISO 8601, UTC';
COMMENT ON COLUMN data.ends.seconds IS 'Wall time of the run';
COMMENT ON COLUMN data.ends.reused IS 'Outputs that were already in the store';

CREATE TABLE data.arms (
  run VARCHAR, seq BIGINT, role VARCHAR, name VARCHAR, base VARCHAR, adapter VARCHAR,
  digest VARCHAR, path VARCHAR, executor VARCHAR, label VARCHAR, history VARCHAR,
  problem VARCHAR, adapters JSON
);
COMMENT ON TABLE data.arms IS 'Systems under test, per run';
COMMENT ON COLUMN data.arms.run IS 'Run id';
COMMENT ON COLUMN data.arms.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.arms.role IS 'base, baseline, anchor, candidate, or member of a release set';
COMMENT ON COLUMN data.arms.name IS 'Name of the arm, for people';
COMMENT ON COLUMN data.arms.base IS 'Digest of the base model';
COMMENT ON COLUMN data.arms.adapter IS 'Digest of the adapter; NULL is the base model itself, or a release set';
COMMENT ON COLUMN data.arms.digest IS 'Digest of both: the identity of outputs and scores';
COMMENT ON COLUMN data.arms.path IS 'Adapter directory as the user named it';
COMMENT ON COLUMN data.arms.executor IS 'How the arm was run';
COMMENT ON COLUMN data.arms.label IS 'Why the arm was not run in the shared batch, where it was not';
COMMENT ON COLUMN data.arms.history IS 'What the store knew of it: new, seen before, or changed in place since a run';
COMMENT ON COLUMN data.arms.problem IS 'Why the arm could not be measured; NULL if it could';
COMMENT ON COLUMN data.arms.adapters IS 'Of a release set: suite glob to digest of the adapter; else empty';

CREATE TABLE data.cases (
  run VARCHAR, seq BIGINT, digest VARCHAR, suite VARCHAR, task VARCHAR, sample VARCHAR,
  kind VARCHAR, prompt VARCHAR, choices VARCHAR[], generation JSON, target VARCHAR,
  cluster VARCHAR, slices JSON, fields JSON, input_digest VARCHAR, expect VARCHAR[]
);
COMMENT ON TABLE data.cases IS 'Questions asked, per run';
COMMENT ON COLUMN data.cases.run IS 'Run id';
COMMENT ON COLUMN data.cases.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.cases.digest IS 'Identity of the case, by which arms are paired';
COMMENT ON COLUMN data.cases.suite IS 'Suite';
COMMENT ON COLUMN data.cases.task IS 'Task of the suite';
COMMENT ON COLUMN data.cases.sample IS 'Id of the data row or of the hand-written case';
COMMENT ON COLUMN data.cases.kind IS 'check for a data sample, case for a hand-written one';
COMMENT ON COLUMN data.cases.prompt IS 'Prompt as rendered';
COMMENT ON COLUMN data.cases.choices IS 'Answers to choose from; empty where the answer is generated';
COMMENT ON COLUMN data.cases.generation IS 'How the answer is generated; NULL for choices';
COMMENT ON COLUMN data.cases.target IS 'Right answer, where there is one';
COMMENT ON COLUMN data.cases.cluster IS 'Samples that are one piece of evidence share it';
COMMENT ON COLUMN data.cases.slices IS 'Slice name to value';
COMMENT ON COLUMN data.cases.fields IS 'Row of data';
COMMENT ON COLUMN data.cases.input_digest IS 'Identity of what the model is shown, for contamination checks';
COMMENT ON COLUMN data.cases.expect IS 'What the answer to a hand-written case must meet, as the suite says it';

CREATE TABLE data.answers (
  run VARCHAR, seq BIGINT, "case" VARCHAR, arm VARCHAR, key VARCHAR, repeat BIGINT
);
COMMENT ON TABLE data.answers IS 'Which output an arm gave to a case, per run';
COMMENT ON COLUMN data.answers.run IS 'Run id';
COMMENT ON COLUMN data.answers.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.answers."case" IS 'Digest of the case';
COMMENT ON COLUMN data.answers.arm IS 'Digest of the arm';
COMMENT ON COLUMN data.answers.key IS 'Key of the output';
COMMENT ON COLUMN data.answers.repeat IS '0 for the answer, 1 and up where the same was asked again';

CREATE TABLE data.outputs (
  run VARCHAR, seq BIGINT, key VARCHAR, text VARCHAR, logprobs DOUBLE[], prompt_tokens BIGINT,
  tokens BIGINT, seconds DOUBLE, error VARCHAR
);
COMMENT ON TABLE data.outputs IS 'Outputs, in the run that computed them';
COMMENT ON COLUMN data.outputs.run IS 'Run that computed the output';
COMMENT ON COLUMN data.outputs.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.outputs.key IS 'Base, adapter, tokens, sampling and numerics class, hashed';
COMMENT ON COLUMN data.outputs.text IS 'Generated text';
COMMENT ON COLUMN data.outputs.logprobs IS 'Natural-log likelihood of each choice';
COMMENT ON COLUMN data.outputs.prompt_tokens IS 'Tokens of the prompt';
COMMENT ON COLUMN data.outputs.tokens IS 'Generated or scored tokens';
COMMENT ON COLUMN data.outputs.seconds IS 'Share of the wall time of its batch';
COMMENT ON COLUMN data.outputs.error IS 'Why there is no answer; such an output is never reused';

CREATE TABLE data.scores (
  run VARCHAR, seq BIGINT, "case" VARCHAR, arm VARCHAR, scorer VARCHAR, value DOUBLE,
  reason VARCHAR, repeat BIGINT
);
COMMENT ON TABLE data.scores IS 'Judgement of one scorer of one output, per run';
COMMENT ON COLUMN data.scores.run IS 'Run id';
COMMENT ON COLUMN data.scores.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.scores."case" IS 'Digest of the case';
COMMENT ON COLUMN data.scores.arm IS 'Digest of the arm';
COMMENT ON COLUMN data.scores.scorer IS 'Name of the scorer';
COMMENT ON COLUMN data.scores.value IS 'The score; NULL where the scorer could not score';
COMMENT ON COLUMN data.scores.reason IS 'Why there is no score, or what the scorer had to say';
COMMENT ON COLUMN data.scores.repeat IS 'Which answer, or which run of a judge';

CREATE TABLE data.effects (
  run VARCHAR, seq BIGINT, arm VARCHAR, other VARCHAR, prompts BIGINT, difference DOUBLE,
  noise DOUBLE, threshold DOUBLE, proven BOOLEAN, reason VARCHAR
);
COMMENT ON TABLE data.effects IS 'Proofs that two arms of different content behave differently';
COMMENT ON COLUMN data.effects.run IS 'Run id';
COMMENT ON COLUMN data.effects.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.effects.arm IS 'Digest of one arm';
COMMENT ON COLUMN data.effects.other IS 'Digest of the other arm';
COMMENT ON COLUMN data.effects.prompts IS 'Prompts compared';
COMMENT ON COLUMN data.effects.difference IS 'Largest absolute difference of log-probabilities, nats';
COMMENT ON COLUMN data.effects.noise IS 'The same of one arm run twice';
COMMENT ON COLUMN data.effects.threshold IS 'What the difference must exceed';
COMMENT ON COLUMN data.effects.proven IS 'Whether it does';
COMMENT ON COLUMN data.effects.reason IS 'One sentence';

CREATE TABLE data.noises (
  run VARCHAR, seq BIGINT, suite VARCHAR, task VARCHAR, metric VARCHAR, n BIGINT, flips BIGINT,
  rate DOUBLE, "floor" DOUBLE
);
COMMENT ON TABLE data.noises IS 'How much the baseline differs from itself when it is run twice';
COMMENT ON COLUMN data.noises.run IS 'Run id';
COMMENT ON COLUMN data.noises.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.noises.suite IS 'Suite';
COMMENT ON COLUMN data.noises.task IS 'Task of the suite';
COMMENT ON COLUMN data.noises.metric IS 'What is compared';
COMMENT ON COLUMN data.noises.n IS 'Cases';
COMMENT ON COLUMN data.noises.flips IS 'Cases whose score changed';
COMMENT ON COLUMN data.noises.rate IS 'Mean squared change of a score';
COMMENT ON COLUMN data.noises."floor" IS 'A smaller margin cannot be told from noise';

CREATE TABLE data.checks (
  run VARCHAR, seq BIGINT, id VARCHAR, kind VARCHAR, suite VARCHAR, task VARCHAR, name VARCHAR,
  candidate VARCHAR, claim VARCHAR, metric VARCHAR, against VARCHAR, required BOOLEAN,
  verdict VARCHAR, reason VARCHAR, estimate DOUBLE, "interval" DOUBLE[], margin DOUBLE, n BIGINT,
  clusters DOUBLE, wins BIGINT, losses BIGINT, p_value DOUBLE, p_worse DOUBLE, alpha DOUBLE,
  alpha_worse DOUBLE, method VARCHAR, candidate_value DOUBLE, reference_value DOUBLE, more_cases BIGINT,
  slice VARCHAR, look BIGINT, planned BIGINT, noise_floor DOUBLE
);
COMMENT ON TABLE data.checks IS 'Claims about candidates with their verdicts, per run';
COMMENT ON COLUMN data.checks.run IS 'Run id';
COMMENT ON COLUMN data.checks.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.checks.id IS 'The pytest node id';
COMMENT ON COLUMN data.checks.kind IS 'check, rubric, case or tripwire';
COMMENT ON COLUMN data.checks.suite IS 'Suite';
COMMENT ON COLUMN data.checks.task IS 'Task of the suite';
COMMENT ON COLUMN data.checks.name IS 'Name of the check';
COMMENT ON COLUMN data.checks.candidate IS 'Name of the candidate';
COMMENT ON COLUMN data.checks.claim IS 'not-worse, better, min, max, no-failure or no-loss';
COMMENT ON COLUMN data.checks.metric IS 'What is compared';
COMMENT ON COLUMN data.checks.against IS 'Role of the reference; NULL for a claim about the candidate alone';
COMMENT ON COLUMN data.checks.required IS 'Whether it counts towards the decision';
COMMENT ON COLUMN data.checks.verdict IS 'PASS, INCONCLUSIVE, NOT_MEASURED or REGRESSED';
COMMENT ON COLUMN data.checks.reason IS 'One sentence';
COMMENT ON COLUMN data.checks.estimate IS 'Paired difference candidate minus reference, or the level of the candidate';
COMMENT ON COLUMN data.checks."interval" IS 'Lower and upper one-sided bounds of the estimate';
COMMENT ON COLUMN data.checks.margin IS 'Margin of a comparison, or the floor or ceiling';
COMMENT ON COLUMN data.checks.n IS 'Cases';
COMMENT ON COLUMN data.checks.clusters IS 'Effective number of clusters';
COMMENT ON COLUMN data.checks.wins IS 'Cases that only the candidate got right';
COMMENT ON COLUMN data.checks.losses IS 'Cases that only the reference got right';
COMMENT ON COLUMN data.checks.p_value IS 'Of the claim: small means proven';
COMMENT ON COLUMN data.checks.p_worse IS 'One-sided, for worse, Holm-adjusted';
COMMENT ON COLUMN data.checks.alpha IS 'Level at which the claim must be proven';
COMMENT ON COLUMN data.checks.alpha_worse IS 'Level at which a loss is proven';
COMMENT ON COLUMN data.checks.method IS 'Statistical method';
COMMENT ON COLUMN data.checks.candidate_value IS 'Metric of the candidate';
COMMENT ON COLUMN data.checks.reference_value IS 'Metric of the reference';
COMMENT ON COLUMN data.checks.more_cases IS 'How many more cases the claim needs, where that can be said';
COMMENT ON COLUMN data.checks.slice IS 'Of a tripwire: which slice; else empty';
COMMENT ON COLUMN data.checks.look IS 'Of a sequential check: the look it stopped at, from 1';
COMMENT ON COLUMN data.checks.planned IS 'Of a sequential check: the cases it would have had at its last look';
COMMENT ON COLUMN data.checks.noise_floor IS 'The smallest margin above the noise of the baseline, where that was measured';

CREATE TABLE data.decisions (
  run VARCHAR, seq BIGINT, candidate VARCHAR, arm VARCHAR, verdict VARCHAR, reasons VARCHAR[],
  alpha DOUBLE, attempt BIGINT, rules VARCHAR, repeats VARCHAR, notes VARCHAR[]
);
COMMENT ON TABLE data.decisions IS 'Verdict on each candidate, per run';
COMMENT ON COLUMN data.decisions.run IS 'Run id';
COMMENT ON COLUMN data.decisions.seq IS 'Number of the record in its journal';
COMMENT ON COLUMN data.decisions.candidate IS 'Name of the candidate';
COMMENT ON COLUMN data.decisions.arm IS 'Digest of the candidate';
COMMENT ON COLUMN data.decisions.verdict IS 'PROMOTE, INCONCLUSIVE, PARTIAL, INCOMPLETE or REJECT';
COMMENT ON COLUMN data.decisions.reasons IS 'Sentences';
COMMENT ON COLUMN data.decisions.alpha IS 'Level of the tests for promotion';
COMMENT ON COLUMN data.decisions.attempt IS 'Which attempt against the baseline it is; NULL where it spends none';
COMMENT ON COLUMN data.decisions.rules IS 'Digest of suites and policy';
COMMENT ON COLUMN data.decisions.repeats IS 'Run whose decision it repeats; NULL for one of its own';
COMMENT ON COLUMN data.decisions.notes IS 'What must be known before signing, sentences';
