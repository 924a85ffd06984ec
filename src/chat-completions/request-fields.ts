import type { NestedFields } from '../generation/check-fields.js';
import { any, CLIENT_EXTRAS, empty, OLD_NAMES, only } from '../generation/client-extras.js';
import { GENERATION_FIELDS } from '../generation/generation.dto.js';
import { STREAM_OPTIONS_FIELDS, STREAM_OPTIONS_NEUTRAL } from '../generation/stream-options.dto.js';

const fields = (names: readonly string[], neutral: NestedFields['neutral'] = new Map()): NestedFields => ({
  supported: new Set(names),
  neutral,
});

/** Fields of the body. */
export const BODY = fields(
  [
    ...GENERATION_FIELDS,
    ...['messages', 'max_completion_tokens', 'logprobs', 'top_logprobs', 'response_format'],
    ...['tools', 'tool_choice', 'parallel_tool_calls'],
  ],
  new Map([...CLIENT_EXTRAS, ...OLD_NAMES]),
);

export const STREAM_OPTIONS = fields(STREAM_OPTIONS_FIELDS, STREAM_OPTIONS_NEUTRAL);
export const RESPONSE_FORMAT = fields(['type', 'json_schema']);
export const JSON_SCHEMA_FORMAT = fields(['name', 'description', 'schema', 'strict']);
export const TOOL = fields(['type', 'function']);
export const FUNCTION = fields(['name', 'description', 'parameters', 'strict']);

/** An SDK's own answer, given back as a message, brings all of these; so does one that a stream was gathered into. */
const ANSWER_FIELDS: NestedFields['neutral'] = new Map([
  ['name', any],
  ['annotations', any],
  ['calculations', any],
  ['refusal', only()],
  ['audio', only()],
  ['function_call', only()],
  ['tool_calls', empty],
  ['tool_call_id', only()],
  ['parsed', any], // OpenAI's SDK: parse()
  ['reasoning_content', any], // LiteLLM, of models that think
]);

/** Fields of a message, by role. */
export const messageFields = (role: unknown): NestedFields => {
  if (role === 'assistant') return ASSISTANT_MESSAGE;
  return role === 'tool' ? TOOL_MESSAGE : MESSAGE;
};

const MESSAGE = fields(['role', 'content'], ANSWER_FIELDS);
const ASSISTANT_MESSAGE = fields(['role', 'content', 'tool_calls'], ANSWER_FIELDS);
const TOOL_MESSAGE = fields(['role', 'content', 'tool_call_id'], ANSWER_FIELDS);

export const TOOL_CALL = fields(['id', 'type', 'function'], new Map([['index', any]])); // index: LiteLLM, of a stream
export const CALLED_FUNCTION = fields(['name', 'arguments'], new Map([['parsed_arguments', any]])); // OpenAI's SDK: parse()
