-- What the suite language asks and scores beyond one greedy answer to one plain prompt.

ALTER TABLE data.cases ADD COLUMN messages JSON;
ALTER TABLE data.cases ADD COLUMN tools JSON;
ALTER TABLE data.cases ADD COLUMN shots BIGINT[];
ALTER TABLE data.cases ADD COLUMN budget JSON;
ALTER TABLE data.cases ADD COLUMN unconditional VARCHAR;
ALTER TABLE data.cases ADD COLUMN rolling BOOLEAN;
ALTER TABLE data.cases ADD COLUMN weight DOUBLE;
COMMENT ON COLUMN data.cases.messages IS 'Messages of a chat; NULL or empty for a plain prompt';
COMMENT ON COLUMN data.cases.tools IS 'Functions that the chat template is told of';
COMMENT ON COLUMN data.cases.shots IS 'Length of each few-shot example, in characters or messages';
COMMENT ON COLUMN data.cases.budget IS 'Most tokens of the prompt, and how a longer one is cut';
COMMENT ON COLUMN data.cases.unconditional IS 'Prompt after which the choices alone are measured';
COMMENT ON COLUMN data.cases.rolling IS 'Whether the likelihood of the whole prompt is the answer';
COMMENT ON COLUMN data.cases.weight IS 'How much the sample counts; NULL means 1';

ALTER TABLE data.outputs ADD COLUMN lengths BIGINT[];
ALTER TABLE data.outputs ADD COLUMN prior DOUBLE[];
COMMENT ON COLUMN data.outputs.lengths IS 'Tokens of each choice';
COMMENT ON COLUMN data.outputs.prior IS 'Natural-log likelihood of each choice after the unconditional prompt';

ALTER TABLE data.scores ADD COLUMN answer VARCHAR;
ALTER TABLE data.scores ADD COLUMN parts JSON;
COMMENT ON COLUMN data.scores.answer IS 'What was judged, where the repeats vote on it';
COMMENT ON COLUMN data.scores.parts IS 'What the case adds to the sums of a corpus metric: index and amount';
