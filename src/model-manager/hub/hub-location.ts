import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Settings } from '../../config/settings.js';

/** Where the Hub's tools keep things on this machine, by the Hub's own rules. */
export function hubCacheFolder(settings: Settings): string {
  return resolve(fromHome(settings.hfHubCache ?? join(hubHome(settings), 'hub')));
}

/** HF_TOKEN, else what the Hub's own login has written; null without either. */
export async function hubToken(settings: Settings): Promise<string | null> {
  if (settings.hfToken !== null) return settings.hfToken;
  const file = resolve(fromHome(settings.hfTokenPath ?? join(hubHome(settings), 'token')));
  return (await readFile(file, 'utf8').catch(() => '')).trim() || null;
}

function hubHome({ hfHome, environment }: Settings): string {
  return hfHome ?? join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'huggingface');
}

const fromHome = (path: string): string => path.replace(/^~(?=\/|$)/, homedir());
