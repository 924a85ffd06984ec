import { createHash, randomBytes } from 'node:crypto';
import { parseApiKey } from './api-key.js';

const USAGE = `npm run key -- NAME [requests=N] [tokens=N]

Makes a key. It is shown once and kept nowhere; its entry goes into API_KEYS, or on a line of the file of API_KEYS_FILE.
NAME is of letters, digits, '.', '_' and '-'; N is a limit a minute, or "unlimited".
`;

const [name = '', ...limits] = process.argv.slice(2);
const key = `sk-nanochat-${randomBytes(32).toString('base64url')}`;
const entry = [name, createHash('sha256').update(key).digest('hex'), ...limits].join(':');

if (name === '--help' || name === '-h') process.stdout.write(USAGE);
else if (parseApiKey(entry) === null) {
  process.stderr.write(USAGE);
  process.exitCode = 1;
} else process.stdout.write(`key    ${key}\nentry  ${entry}\n`);
