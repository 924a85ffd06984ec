import { createHash } from 'node:crypto';
import { samplingFields } from '../client/generate-body.js';
import type { Constraint, GenerateRequest } from '../worker.js';
import { type Capabilities, kindOf } from './capabilities.js';

/** Of a request that names none, as the engine of our own has it; other servers go on to the end of the context. */
const DEFAULT_MAX_TOKENS = 512;
/** What C libraries take as an integer. */
const LOW_31_BITS = 2n ** 31n - 1n;

/** The route and the body by which an OpenAI-compatible server is asked; only what it has is in it. */
export function openAIRequest(
  request: GenerateRequest,
  model: string,
  engine: Capabilities,
): { path: string; body: string } {
  const { prompt, n } = request;
  const chat = 'messages' in prompt;
  const body = {
    model,
    ...(chat ? { messages: prompt.messages } : { prompt: 'text' in prompt ? prompt.text : prompt.tokenIds }),
    stream: true,
    // transformers serve tells its usage anyway, and takes no such field.
    ...(engine.software === 'transformers' ? {} : { stream_options: { include_usage: true } }),
    ...(n > 1 ? { n } : {}),
    ...sampling(request, engine, chat),
    ...(request.constraint === undefined ? {} : constraintFields(request.constraint, engine)),
    ...(engine.tokenIds ? { return_token_ids: true } : {}),
    ...(engine.software === 'nanochat' && chat ? { calculator: request.calculator } : {}),
    ...(engine.cacheSalt && request.cacheSalt !== undefined ? { cache_salt: digest(request.cacheSalt) } : {}),
  };
  return { path: chat ? '/v1/chat/completions' : '/v1/completions', body: JSON.stringify(body) };
}

function sampling(request: GenerateRequest, { software, sampling: names }: Capabilities, chat: boolean) {
  const own = software === 'nanochat' || software === 'nanochat-engine';
  const { sampling: asked } = request;
  const seed = own || software === 'vllm' || software === 'ray-serve' ? asked.seed : low(asked.seed);
  const maxTokens = asked.maxTokens ?? (own ? undefined : DEFAULT_MAX_TOKENS);
  const { logprobs, logit_bias: bias, ...fields } = samplingFields({ ...asked, seed, ...(maxTokens && { maxTokens }) });
  const known = Object.values<string>(names);
  return {
    ...Object.fromEntries(Object.entries(fields).filter(([name]) => known.includes(name))),
    ...(bias === undefined || !known.includes('logit_bias') ? {} : { logit_bias: biasFor(software, bias as object) }),
    ...(logprobs === undefined ? {} : chat ? { logprobs: true, top_logprobs: logprobs } : { logprobs }),
  };
}

/** The salt is the name of a key, which is no business of another server's. */
const digest = (salt: string): string => createHash('sha256').update(salt).digest('hex');

const low = (seed: number | bigint): number => Number(BigInt(seed) & LOW_31_BITS);

const biasFor = (software: Capabilities['software'], bias: object): unknown =>
  software === 'llama-server' ? Object.entries(bias).map(([id, value]) => [Number(id), value as unknown]) : bias;

function constraintFields(constraint: Constraint, { software }: Capabilities): object {
  const kind = kindOf(constraint);
  const value = (constraint as Record<string, unknown>)[kind];
  if (software === 'nanochat') {
    const names = {
      json_schema: 'json',
      lark: 'grammar',
      json_object: 'json_object',
      regex: 'regex',
      choice: 'choice',
    };
    return { structured_outputs: { [names[kind]]: value } };
  }
  const schema = value === true ? {} : value;
  if (software === 'llama-server') return { json_schema: kind === 'json_object' ? { type: 'object' } : schema };
  if (kind === 'json_object') return { response_format: { type: 'json_object' } };
  if (kind === 'json_schema') {
    return { response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } } };
  }
  return { structured_outputs: { [kind]: value } };
}
