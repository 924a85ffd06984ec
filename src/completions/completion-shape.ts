import type { CompletionRequest } from './completion.dto.js';

/** What of an answer a request has asked for. */
export interface CompletionShape {
  prompts: number;
  /** Choices of each prompt. */
  n: number;
  echo: boolean;
  logprobs: boolean;
  tokenIds: boolean;
  usage: boolean;
  /** The usage so far with every chunk. */
  continuousUsage: boolean;
}

export function completionShape(body: CompletionRequest): CompletionShape {
  return {
    prompts: body.prompt.length,
    n: body.n ?? 1,
    echo: body.echo ?? false,
    logprobs: body.logprobs != null,
    tokenIds: body.return_token_ids ?? false,
    usage: body.stream_options?.include_usage ?? false,
    continuousUsage: body.stream_options?.continuous_usage_stats ?? false,
  };
}
