import type { Schema } from '../api-docs/schema.js';
import { unsupportedParameter } from '../openai/error-catalogue.js';

/** Says whether a value of a field that we do not support changes nothing, so that it can be accepted. */
export type IsNeutral = ((value: unknown) => boolean) & { schema?: Schema };

export const any: IsNeutral = () => true;
export const only = (...values: unknown[]): IsNeutral =>
  Object.assign((value: unknown) => values.includes(value), { schema: { enum: [...values, null] } });
export const empty: IsNeutral = Object.assign(
  (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0,
  { schema: { type: ['object', 'array', 'null'], maxProperties: 0, maxItems: 0 } },
);

const textOnly: IsNeutral = Object.assign(
  (value: unknown) => Array.isArray(value) && value.length === 1 && value[0] === 'text',
  { schema: { type: ['array', 'null'], items: { enum: ['text'] }, minItems: 1, maxItems: 1 } },
);

/** These fields for the API's document. */
export const described = (neutral: ReadonlyMap<string, IsNeutral>): Schema => ({
  properties: Object.fromEntries([...neutral].map(([name, { schema = {} }]) => [name, schema])),
});

/**
 * What real clients send beside the fields that we have, and the values that change nothing here; any other value is 400
 * unsupported_parameter. A field that is neither here nor ours is 400 unknown_parameter.
 */
export const CLIENT_EXTRAS: ReadonlyMap<string, IsNeutral> = new Map([
  // OpenAI's own, which its SDKs and what is built on them (LangChain, Vercel's AI SDK, LiteLLM, Agents SDK) pass on.
  ['safety_identifier', any],
  ['prompt_cache_key', any],
  ['prompt_cache_retention', any],
  ['prediction', any], // Vercel's AI SDK; only ever makes an answer faster
  ['store', only(false)], // OpenAI's Agents SDK
  ['service_tier', only('auto', 'default')], // LangChain
  ['modalities', textOnly], // LangChain
  ['reasoning_effort', only('none')], // Vercel's AI SDK
  ['verbosity', only('medium')], // Vercel's AI SDK
  ['audio', only()], // null in what OpenAI's Python SDK is given by LangChain
  ['web_search_options', only()], // the same
  // Other servers', at the values that switch them off or hold here anyway.
  ['best_of', only(1)], // LangChain's VLLMOpenAI
  ['use_beam_search', only(false)], // LiteLLM's vllm provider, as the next three
  ['length_penalty', only(1)],
  ['early_stopping', only(false)],
  ['skip_special_tokens', only(true)],
  ['spaces_between_special_tokens', any], // vLLM's examples, as the next three; no special token is ever shown
  ['include_stop_str_in_output', only(false)],
  ['add_generation_prompt', only(true)],
  ['continue_final_message', only(false)],
  ['cache_prompt', only(true)], // llama-server's clients
]);

/** Names of other times for what we have, and where it is now. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ['guided_json', `Use 'structured_outputs': {"json": ...}.`],
  ['guided_regex', `Use 'structured_outputs': {"regex": ...}.`],
  ['guided_choice', `Use 'structured_outputs': {"choice": ...}.`],
  ['guided_grammar', `Use 'structured_outputs': {"grammar": ...}.`],
  ['guided_json_object', `Use 'structured_outputs': {"json_object": true}.`],
  ['guided_decoding_backend', "There is one back end; leave it out and use 'structured_outputs'."],
  ['guided_whitespace_pattern', "JSON is compact here; leave it out and use 'structured_outputs'."],
  ['functions', "Use 'tools'."],
  ['function_call', "Use 'tool_choice'."],
]);

/** Throws 400 with a way out for a field that has another name now; null, and what asks for nothing, is taken as absent. */
export function checkOldNames(body: object): void {
  for (const name of Object.keys(body)) {
    const hint = HINTS.get(name);
    if (hint === undefined) continue;
    const value: unknown = body[name as keyof object];
    if (value === null || empty(value) || value === 'none' || value === 'auto') continue;
    throw unsupportedParameter(name, `Unsupported parameter: '${name}'. ${hint}`);
  }
}

/** The old names themselves, for the map of what changes nothing: whatever is left after `checkOldNames` is empty. */
export const OLD_NAMES: ReadonlyMap<string, IsNeutral> = new Map([...HINTS.keys()].map((name) => [name, any]));
