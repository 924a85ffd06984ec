/** Says whether a value of a field that we do not support changes nothing, so that it can be accepted. */
type IsNeutral = (value: unknown) => boolean;

const any: IsNeutral = () => true;
const only =
  (...values: unknown[]): IsNeutral =>
  (value) =>
    values.includes(value);
const empty: IsNeutral = (value) => typeof value === 'object' && value !== null && Object.keys(value).length === 0;
const textOnly: IsNeutral = (value) => Array.isArray(value) && value.length === 1 && value[0] === 'text';
const textFormat: IsNeutral = (value) => typeof value === 'object' && (value as { type?: unknown }).type === 'text';

/** Fields of the DTO. */
export const SUPPORTED: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'stop',
  'max_tokens',
  'max_completion_tokens',
  'n',
  'ignore_eos',
  'calculator',
]);

/** Fields that OpenAI, and below them other servers, define; a value that would change the answer is refused. */
export const NEUTRAL: ReadonlyMap<string, IsNeutral> = new Map([
  ['user', any],
  ['metadata', any],
  ['safety_identifier', any],
  ['prompt_cache_key', any],
  ['prompt_cache_retention', any],
  ['prediction', any], // only ever makes an answer faster
  ['store', only(false)],
  ['service_tier', only('auto', 'default')],
  ['parallel_tool_calls', only(true, false)],
  ['frequency_penalty', only(0)],
  ['presence_penalty', only(0)],
  ['logit_bias', empty],
  ['logprobs', only(false)],
  ['top_logprobs', only(0)],
  ['modalities', textOnly],
  ['response_format', textFormat],
  ['tools', empty],
  ['tool_choice', only('none', 'auto')],
  ['functions', empty],
  ['function_call', only('none', 'auto')],
  ['reasoning_effort', only('none')],
  ['verbosity', only('medium')],
  ['audio', only()],
  ['web_search_options', only()],
  // Of other servers, at the values that switch them off.
  ['repetition_penalty', only(1)],
  ['min_p', only(0)],
  ['min_tokens', only(0)],
]);

/** Fields of a message. An SDK's own answer, given back as a message, brings all of these. */
export const MESSAGE_SUPPORTED: ReadonlySet<string> = new Set(['role', 'content']);
export const MESSAGE_NEUTRAL: ReadonlyMap<string, IsNeutral> = new Map([
  ['name', any],
  ['annotations', any],
  ['refusal', only()],
  ['audio', only()],
  ['function_call', only()],
  ['tool_calls', empty],
]);

/** Fields of `stream_options`; obfuscation pads chunks against eavesdroppers and we never do it. */
export const STREAM_OPTIONS_SUPPORTED: ReadonlySet<string> = new Set(['include_usage']);
export const STREAM_OPTIONS_NEUTRAL: ReadonlyMap<string, IsNeutral> = new Map([
  ['include_obfuscation', only(false, true)],
]);
