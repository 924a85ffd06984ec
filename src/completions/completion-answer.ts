import { arrayOf, COUNT, ids, NUMBER, objectOf, orNull, type Schema, STRING } from '../api-docs/schema.js';
import { USAGE, USAGE_SO_FAR } from '../generation/usage-schema.js';

const LOGPROBS = objectOf({
  tokens: arrayOf(STRING),
  token_logprobs: arrayOf(orNull(NUMBER)),
  top_logprobs: arrayOf(orNull({ type: 'object', additionalProperties: NUMBER })),
  text_offset: arrayOf(COUNT),
});

const choice = (finishReason: Schema): Schema => ({
  type: 'object',
  properties: {
    index: COUNT,
    text: STRING,
    logprobs: orNull(LOGPROBS),
    finish_reason: finishReason,
    token_ids: ids(),
    prompt_token_ids: ids(),
  },
  required: ['index', 'text', 'logprobs', 'finish_reason'],
});

const FINISHED: Schema = { type: 'string', enum: ['stop', 'length'] };

const answer = (choices: Schema): Record<string, Schema> => ({
  id: STRING,
  object: { const: 'text_completion' },
  created: COUNT,
  model: STRING,
  choices,
  system_fingerprint: orNull(STRING),
});

export const COMPLETION: Schema = objectOf({ ...answer(arrayOf(choice(FINISHED))), usage: USAGE });

/** The last one before [DONE] has no choice, where the usage was asked for. */
export const COMPLETION_CHUNK: Schema = {
  ...objectOf(answer(arrayOf(choice(orNull(FINISHED)), { maxItems: 1 }))),
  properties: {
    ...answer(arrayOf(choice(orNull(FINISHED)), { maxItems: 1 })),
    usage: { anyOf: [USAGE, USAGE_SO_FAR, { type: 'null' }] },
  },
};
