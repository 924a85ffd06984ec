import type { GenerateEvent } from '../python-engine/worker.js';

export type UsageEvent = Extract<GenerateEvent, { type: 'usage' }>;

/** OpenAI's usage object. */
export function usageOf({ promptTokens, completionTokens, cachedTokens }: UsageEvent) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
