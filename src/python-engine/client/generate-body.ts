import type { GenerateRequest } from '../worker.js';

/** In Node since 21; TypeScript's library does not know it yet. */
const { rawJSON } = JSON as typeof JSON & { rawJSON: (text: string) => unknown };

/** The body of `POST /generate`. A seed over 2^53 stays the integer that it is. */
export function generateBody(request: GenerateRequest): string {
  const { requestId, messages, sampling, n, calculator } = request;
  return JSON.stringify({
    request_id: requestId,
    messages: messages.map(({ role, content }) => ({ role, content })),
    sampling: {
      temperature: sampling.temperature,
      top_k: sampling.topK,
      top_p: sampling.topP,
      seed: typeof sampling.seed === 'bigint' ? rawJSON(sampling.seed.toString()) : sampling.seed,
      max_tokens: sampling.maxTokens,
      stop: sampling.stop,
      ignore_eos: sampling.ignoreEos,
    },
    n,
    calculator,
  });
}
