import { OPENAI_ERROR } from '../api-docs/error-responses.js';
import { arrayOf, COUNT, objectOf, orNull, type Schema, STRING } from '../api-docs/schema.js';

/** Anthropic's; what is refused before the request is read as HTTP, such as headers too large, has OpenAI's. */
export const MESSAGES_ERROR: Schema = {
  anyOf: [
    objectOf({
      type: { const: 'error' },
      error: objectOf({ type: STRING, message: STRING }),
      request_id: orNull(STRING),
    }),
    OPENAI_ERROR,
  ],
};

/** Where the others have 429 and 503, Anthropic has 529 too, and 504 for an engine that is too slow. */
export const MESSAGES_ERRORS = [404, 429, 503, 504, 529];

const TEXT_BLOCK = objectOf({ type: { const: 'text' }, text: STRING });
const TOOL_USE_BLOCK = objectOf({ type: { const: 'tool_use' }, id: STRING, name: STRING, input: { type: 'object' } });

export const MESSAGE = objectOf({
  id: STRING,
  type: { const: 'message' },
  role: { const: 'assistant' },
  model: STRING,
  content: arrayOf({ anyOf: [TEXT_BLOCK, TOOL_USE_BLOCK] }),
  stop_reason: orNull({ type: 'string', enum: ['end_turn', 'max_tokens', 'stop_sequence', 'tool_use'] }),
  stop_sequence: orNull(STRING),
  usage: objectOf({ input_tokens: COUNT, cache_read_input_tokens: COUNT, output_tokens: COUNT }),
});

/** Each event has its type beside what it tells. */
export const MESSAGE_EVENT = objectOf({ type: STRING });

export const TOKEN_COUNT = objectOf({ input_tokens: COUNT });

const BLOCKS = arrayOf({ type: 'object', properties: { type: STRING }, required: ['type'] });
const TURN = {
  ...objectOf({ role: { enum: ['user', 'assistant', 'system'] }, content: { anyOf: [STRING, BLOCKS] } }),
};

/** What is read beside the validators of the body. */
export const PROMPT_UNIONS: Record<string, Schema> = {
  messages: { ...arrayOf(TURN, { minItems: 1 }), 'x-limits': { maxItems: 'maxMessages' } },
  system: { anyOf: [STRING, BLOCKS, { type: 'null' }] },
  tools: { type: ['array', 'null'], items: { type: 'object' }, maxItems: 128 },
};
