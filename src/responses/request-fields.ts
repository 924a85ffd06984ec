import { any, type IsNeutral, only } from '../generation/client-extras.js';

/** Reasoning that is switched off, in any of its members. */
const noReasoning: IsNeutral = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((member) => member === null || member === 'none');
/** What there never is here can be asked for; log-probabilities there would be. */
const nothingIncluded: IsNeutral = (value) =>
  Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== 'message.output_text.logprobs');
const obfuscation: IsNeutral = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(([name, on]) => name === 'include_obfuscation' && typeof on === 'boolean');

/** Fields of the DTO. */
export const SUPPORTED: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'stream',
  'temperature',
  'top_p',
  'max_output_tokens',
  'text',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'previous_response_id',
  'store',
  'metadata',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'truncation',
  'top_k',
  'seed',
  'calculator',
]);

/** Fields that OpenAI defines beside these; a value that would change the answer is refused. */
export const NEUTRAL: ReadonlyMap<string, IsNeutral> = new Map([
  ['background', only(false)],
  ['include', nothingIncluded],
  ['reasoning', noReasoning],
  ['service_tier', only('auto', 'default')],
  ['stream_options', obfuscation], // it pads chunks against eavesdroppers and we never do it
  ['top_logprobs', only(0)],
  ['prompt_cache_retention', any],
  ['prompt_cache_options', any],
  ['max_tool_calls', only()],
  ['conversation', only()],
  ['prompt', only()],
  ['moderation', only()],
  ['context_management', only()],
]);

export const TEXT_SUPPORTED: ReadonlySet<string> = new Set(['format']);
export const TEXT_NEUTRAL: ReadonlyMap<string, IsNeutral> = new Map([['verbosity', only('medium')]]);

export const FORMAT_SUPPORTED: ReadonlyMap<unknown, ReadonlySet<string>> = new Map([
  ['text', new Set(['type'])],
  ['json_object', new Set(['type'])],
  ['json_schema', new Set(['type', 'name', 'schema', 'strict', 'description'])],
]);

export const TOOL_SUPPORTED: ReadonlySet<string> = new Set(['type', 'name', 'description', 'parameters', 'strict']);
export const TOOL_NEUTRAL: ReadonlyMap<string, IsNeutral> = new Map([
  ['defer_loading', only(false)],
  ['async', only(false)],
  ['allowed_callers', only()],
  ['output_schema', any], // describes what the client's own function gives back
]);

/** Fields of items. An answer's own output, given back as input, brings the neutral ones. */
export const ITEM_SUPPORTED: ReadonlyMap<unknown, ReadonlySet<string>> = new Map([
  ['message', new Set(['type', 'role', 'content'])],
  ['function_call', new Set(['type', 'call_id', 'name', 'arguments'])],
  ['function_call_output', new Set(['type', 'call_id', 'output'])],
]);
export const ITEM_NEUTRAL: ReadonlyMap<string, IsNeutral> = new Map([
  ['id', any],
  ['status', any],
  ['phase', any],
  ['parsed_arguments', any], // the Node SDK's own, in what its parse helper gives
  ['caller', only()],
  ['namespace', only()],
]);
export const PART_SUPPORTED: ReadonlySet<string> = new Set(['type', 'text']);
export const PART_NEUTRAL: ReadonlyMap<string, IsNeutral> = new Map([
  ['annotations', any],
  ['logprobs', any],
  ['parsed', any], // as parsed_arguments
  ['prompt_cache_breakpoint', any],
]);
