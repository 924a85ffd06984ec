// npm run setup [-- --dev]: the engine's Python environment in .venv and its CPU kernels; --dev adds what tests and checks need.
import { ensureEnvironment } from './setup/environment.mjs';
import { leaveWith } from './setup/message.mjs';

try {
  const changed = await ensureEnvironment({ dev: process.argv.includes('--dev'), again: true });
  if (!changed) console.log('Set-up: .venv is up to date.');
} catch (error) {
  leaveWith(error);
}
