/** Who asks: known by the name of a key, never by the key. */
export interface Caller {
  name: string;
  /** POST requests a minute; null is as configured for all. */
  requestsPerMinute: number | null;
  /** Tokens a minute, prompts and answers; null is as configured for all. */
  tokensPerMinute: number | null;
}

/** Everybody, where no key is asked for. */
export const ANONYMOUS: Caller = Object.freeze({
  name: 'anonymous',
  requestsPerMinute: null,
  tokensPerMinute: null,
});
