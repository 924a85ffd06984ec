import { randomInt } from 'node:crypto';
import type { SamplingParams } from '../python-engine/worker.js';
import type { GenerationFields } from './generation.dto.js';

/** What dialects differ in. */
interface OfDialect {
  maxTokens: number | null | undefined;
  /** How many of the likeliest tokens come with each; absent or null for no log-probabilities. */
  logprobs?: number | null;
}

/** Checked fields for the engine. What is absent is left to it, but a seed is always drawn. */
export function samplingOf(body: Partial<GenerationFields>, { maxTokens, logprobs = null }: OfDialect): SamplingParams {
  return {
    seed: body.seed ?? randomInt(2 ** 48 - 1),
    ...given('temperature', body.temperature),
    ...given('topK', body.top_k),
    ...given('topP', body.top_p),
    ...given('minP', body.min_p),
    ...given('presencePenalty', body.presence_penalty),
    ...given('frequencyPenalty', body.frequency_penalty),
    ...given('repetitionPenalty', body.repetition_penalty),
    ...given('logitBias', body.logit_bias),
    ...given('maxTokens', maxTokens),
    ...given('minTokens', body.min_tokens),
    ...given('stop', body.stop?.length === 0 ? null : body.stop),
    ...given('stopTokenIds', body.stop_token_ids),
    ...given('ignoreEos', body.ignore_eos),
    ...given('logprobs', logprobs),
  };
}

const given = <Name extends keyof SamplingParams, Value>(name: Name, value: Value | null | undefined) =>
  (value == null ? {} : { [name]: value }) as { [name in Name]?: Value };
