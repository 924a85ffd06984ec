import { any, empty, type IsNeutral, only } from '../generation/client-extras.js';

const noThinking: IsNeutral = (value) =>
  typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'disabled';
const direct: IsNeutral = (value) => Array.isArray(value) && value.every((caller) => caller === 'direct');
const directCaller: IsNeutral = (value) =>
  typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'direct';

const PROMPT = ['model', 'messages', 'system', 'tools', 'tool_choice', 'output_config'];

/** Fields of the DTOs. */
export const COUNTED: ReadonlySet<string> = new Set(PROMPT);
export const SUPPORTED: ReadonlySet<string> = new Set([
  ...PROMPT,
  ...['max_tokens', 'stream', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'calculator'],
]);

/** Fields that Anthropic defines beside these; a value that would change the answer is refused. */
export const NEUTRAL: ReadonlyMap<string, IsNeutral> = new Map([
  ['metadata', any], // who the user is
  ['cache_control', any], // prefixes are found again without being marked
  ['thinking', noThinking],
  ['service_tier', only('auto', 'standard_only')],
  ['speed', only('standard')],
  ['mcp_servers', empty],
  ['container', only()],
  ['context_management', only()],
  ['diagnostics', only()],
  ['inference_geo', only()],
]);

export const OUTPUT_CONFIG_SUPPORTED: ReadonlySet<string> = new Set(['format']);
export const OUTPUT_CONFIG_NEUTRAL: ReadonlyMap<string, IsNeutral> = new Map([['effort', only('high')]]); // the default

export const MESSAGE_SUPPORTED: ReadonlySet<string> = new Set(['role', 'content']);

export const TOOL_SUPPORTED: ReadonlySet<string> = new Set(['type', 'name', 'description', 'input_schema']);
export const TOOL_NEUTRAL: ReadonlyMap<string, IsNeutral> = new Map([
  ['cache_control', any],
  ['strict', only(true, false)], // the schema is always obeyed
  ['eager_input_streaming', only(true, false)], // arguments always come as they are written
  ['defer_loading', only(false)],
  ['allowed_callers', direct],
  ['input_examples', empty],
]);

/** Fields of blocks. An answer's own content, given back, brings the neutral ones. */
export const BLOCK_SUPPORTED: ReadonlyMap<unknown, ReadonlySet<string>> = new Map([
  ['text', new Set(['type', 'text'])],
  ['tool_use', new Set(['type', 'id', 'name', 'input'])],
  ['tool_result', new Set(['type', 'tool_use_id', 'content', 'is_error'])],
]);
export const BLOCK_NEUTRAL: ReadonlyMap<string, IsNeutral> = new Map([
  ['cache_control', any],
  ['citations', empty],
  ['caller', directCaller],
  ['toolset_name', only()],
]);
