/** As vLLM's `vllm:`, so that what is known of its metrics holds for ours of the same name. */
export const PREFIX = 'nanochat:';

/** Seconds from a request to something: a small model answers in a few milliseconds, a queue may take minutes. */
export const REQUEST_SECONDS = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.075, 0.15, 0.3, 0.6],
  ...[1, 2, 4, 8, 15, 30, 60, 120, 300],
];

/** Tokens of a request: powers of two up to the longest context. */
export const REQUEST_TOKENS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768];
