import { arrayOf, COUNT, ids, NUMBER, objectOf, orNull, type Schema, STRING } from '../api-docs/schema.js';
import { USAGE, USAGE_SO_FAR } from '../generation/usage-schema.js';

const TOKEN = { token: STRING, logprob: NUMBER, bytes: orNull(arrayOf({ type: 'integer', minimum: 0, maximum: 255 })) };
const LOGPROBS = objectOf({
  content: arrayOf(objectOf({ ...TOKEN, top_logprobs: arrayOf(objectOf(TOKEN)) })),
  refusal: { type: 'null' },
});
const CALCULATIONS = arrayOf(objectOf({ expression: STRING, result: STRING }));
const FINISHED: Schema = { type: 'string', enum: ['stop', 'length', 'tool_calls'] };

/** `needed` are there always; the others where there is something to tell. */
const some = (properties: Record<string, Schema>, needed: readonly string[]): Schema => ({
  type: 'object',
  properties,
  required: needed,
});

const MESSAGE = some(
  {
    role: { const: 'assistant' },
    content: orNull(STRING),
    refusal: { type: 'null' },
    annotations: arrayOf({}),
    tool_calls: arrayOf(
      objectOf({ id: STRING, type: { const: 'function' }, function: objectOf({ name: STRING, arguments: STRING }) }),
    ),
    calculations: CALCULATIONS,
  },
  ['role', 'content', 'refusal'],
);

const DELTA = some(
  {
    role: { const: 'assistant' },
    content: orNull(STRING),
    refusal: { type: 'null' },
    tool_calls: arrayOf(
      some(
        {
          index: COUNT,
          id: STRING,
          type: { const: 'function' },
          function: some({ name: STRING, arguments: STRING }, []),
        },
        ['index'],
      ),
    ),
    calculations: CALCULATIONS,
  },
  [],
);

const choice = (told: Record<string, Schema>): Schema =>
  some({ index: COUNT, ...told, logprobs: orNull(LOGPROBS), token_ids: ids() }, [
    'index',
    ...Object.keys(told),
    'logprobs',
  ]);

const shared = { id: STRING, created: COUNT, model: STRING, system_fingerprint: orNull(STRING) };

export const CHAT_COMPLETION = some(
  {
    ...shared,
    object: { const: 'chat.completion' },
    choices: arrayOf(choice({ message: MESSAGE, finish_reason: FINISHED })),
    usage: USAGE,
    service_tier: STRING,
    prompt_token_ids: ids(),
  },
  [...Object.keys(shared), 'object', 'choices', 'usage'],
);

export const CHAT_COMPLETION_CHUNK = some(
  {
    ...shared,
    object: { const: 'chat.completion.chunk' },
    choices: arrayOf(choice({ delta: DELTA, finish_reason: orNull(FINISHED) }), { maxItems: 1 }),
    usage: { anyOf: [USAGE, USAGE_SO_FAR, { type: 'null' }] },
    prompt_token_ids: ids(),
  },
  [...Object.keys(shared), 'object', 'choices'],
);
