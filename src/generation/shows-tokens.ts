import type { GenerationFields } from './generation.dto.js';

/** Whether a client sees token ids, or counts of them before the end. */
export const showsTokens = (body: Pick<GenerationFields, 'return_token_ids' | 'stream_options'>): boolean =>
  Boolean(body.return_token_ids || body.stream_options?.continuous_usage_stats);
