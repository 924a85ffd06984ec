// npm run setup [-- --dev]: the Python environment of the engine in .venv; --dev adds what tests and checks need.
import { ensureEnvironment } from './setup/environment.mjs';
import { leaveWith } from './setup/message.mjs';

try {
  const changed = await ensureEnvironment({ dev: process.argv.includes('--dev') });
  if (!changed) console.log('Set-up: .venv is up to date.');
} catch (error) {
  leaveWith(error);
}
