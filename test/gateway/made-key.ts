import { createHash, randomBytes } from 'node:crypto';

export interface MadeKey {
  key: string;
  /** For API_KEYS. */
  entry: string;
  bearer: { authorization: string };
}

/** `limits` are such as `requests=2`. */
export function makeKey(name: string, ...limits: string[]): MadeKey {
  const key = `sk-test-${randomBytes(16).toString('hex')}`;
  const hash = createHash('sha256').update(key).digest('hex');
  return { key, entry: [name, hash, ...limits].join(':'), bearer: { authorization: `Bearer ${key}` } };
}
