import { readFileSync } from 'node:fs';
import type { Settings } from '../config/settings.js';
import { type ApiKey, parseApiKey } from './api-key.js';

const LARGEST_FILE = 2 ** 20;
const WAY_OUT = 'use name:sha256hex, as `npm run key -- NAME` prints it';

/** The keys of API_KEYS. Throws an Error that names the entry by its place: its text may hold a key. */
export const keysGiven = ({ apiKeys }: Settings): ApiKey[] =>
  apiKeys.map((entry, place) => parsed(entry, `API_KEYS: entry ${place + 1}`));

/** The keys of a file, one a line; `#` begins a comment. Throws an Error where a line is wrong or there is none. */
export function keysOfFile(path: string): ApiKey[] {
  const text = readFileSync(path, 'utf8');
  if (text.length > LARGEST_FILE) throw new Error(`${path} is larger than ${LARGEST_FILE} characters`);
  const keys = text.split('\n').flatMap((line, index) => {
    const entry = line.replace(/#.*/, '').trim();
    return entry === '' ? [] : [parsed(entry, `${path}: line ${index + 1}`)];
  });
  // A file that is being written is empty for a moment; and no keys at all would be a door left open.
  if (keys.length === 0) throw new Error(`${path} holds no key; ${WAY_OUT}`);
  return keys;
}

function parsed(entry: string, where: string): ApiKey {
  const key = parseApiKey(entry);
  if (key === null) throw new Error(`${where} is no key's entry; ${WAY_OUT}`);
  return key;
}
