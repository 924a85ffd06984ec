import { arrayOf, COUNT, objectOf, orNull, type Schema, STRING } from '../api-docs/schema.js';

/** OpenAI's object with vLLM's fields `root` and `max_model_len`; what only we know stands in `nanochat`. Null before it is loaded. */
export interface Model {
  id: string;
  object: 'model';
  /** Unix time in seconds. */
  created: number;
  owned_by: string;
  /** The own id of what a name stands for. */
  root: string | null;
  parent: null;
  /** Tokens of prompt and answer together. */
  max_model_len: number | null;
  nanochat: { generation: string | null; vocab_size: number | null; parameters: number | null };
}

export const MODEL: Schema = objectOf({
  id: STRING,
  object: { const: 'model' },
  created: COUNT,
  owned_by: STRING,
  root: orNull(STRING),
  parent: { type: 'null' },
  max_model_len: orNull(COUNT),
  nanochat: objectOf({ generation: orNull(STRING), vocab_size: orNull(COUNT), parameters: orNull(COUNT) }),
});

export const MODEL_LIST: Schema = objectOf({ object: { const: 'list' }, data: arrayOf(MODEL) });

export const MODEL_NAME: Schema = { type: 'string', minLength: 1 };
