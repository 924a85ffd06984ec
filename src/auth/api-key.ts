import type { Caller } from '../openai/caller.js';

/** A key as it is configured: its SHA-256, from which nobody can tell the key. */
export interface ApiKey extends Caller {
  hash: Buffer;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const SHA256 = /^[0-9a-f]{64}$/i;
const LIMIT = /^(requests|tokens)=([1-9]\d{0,8}|unlimited)$/;

/**
 * Reads `name:sha256hex`, then perhaps `:requests=N` and `:tokens=N` (a minute; `unlimited` lifts the limit of all).
 * Null for anything else. Names may repeat: that is how a key is replaced without a pause.
 */
export function parseApiKey(entry: string): ApiKey | null {
  const [name = '', hash = '', ...limits] = entry.split(':');
  if (!NAME.test(name) || !SHA256.test(hash)) return null;
  const key: ApiKey = { name, hash: Buffer.from(hash, 'hex'), requestsPerMinute: null, tokensPerMinute: null };
  for (const limit of limits) {
    const [, what, value] = LIMIT.exec(limit) ?? [];
    if (what === undefined) return null;
    key[what === 'requests' ? 'requestsPerMinute' : 'tokensPerMinute'] =
      value === 'unlimited' ? Infinity : Number(value);
  }
  return key;
}
