import type { Settings } from '../config/settings.js';
import { SettingsError } from '../config/settings-error.js';
import { isLoopback } from '../openai/allowed-hosts.js';
import { keysGiven, keysOfFile } from './read-keys.js';

/** Whether a key is asked for. A setting decides it, not the number of keys: a file that is emptied opens nothing. */
export const keysRequired = ({ apiKeys, apiKeysFile }: Settings): boolean => apiKeys.length > 0 || apiKeysFile !== null;

/** Throws SettingsError where keys can't be read, or where anybody on the network could use the server unasked. */
export function checkAccess(settings: Settings): void {
  const { host, allowAnonymous, apiKeysFile } = settings;
  try {
    keysGiven(settings);
    if (apiKeysFile !== null) keysOfFile(apiKeysFile);
  } catch (failure) {
    throw new SettingsError([(failure as Error).message]);
  }
  if (keysRequired(settings) || allowAnonymous || isLoopback(host)) return;
  throw new SettingsError([
    `HOST=${host} can be reached from other machines, and no key is set. Set API_KEYS or API_KEYS_FILE (\`npm run key -- NAME\` ` +
      'makes a key), or ALLOW_ANONYMOUS=true to serve whoever asks.',
  ]);
}
