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
    temperature: body.temperature ?? undefined,
    topK: body.top_k ?? undefined,
    topP: body.top_p ?? undefined,
    minP: body.min_p ?? undefined,
    presencePenalty: body.presence_penalty ?? undefined,
    frequencyPenalty: body.frequency_penalty ?? undefined,
    repetitionPenalty: body.repetition_penalty ?? undefined,
    logitBias: body.logit_bias ?? undefined,
    maxTokens: maxTokens ?? undefined,
    minTokens: body.min_tokens ?? undefined,
    stop: body.stop?.length === 0 ? undefined : (body.stop ?? undefined),
    stopTokenIds: body.stop_token_ids ?? undefined,
    ignoreEos: body.ignore_eos ?? undefined,
    logprobs: logprobs ?? undefined,
  };
}
