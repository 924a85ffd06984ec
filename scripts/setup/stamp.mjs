// What .venv was made from, so that an unchanged one is known in a millisecond.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../root.mjs';

export const requirements = join(root, 'python', 'requirements.txt');
export const devRequirements = join(root, 'python', 'requirements-dev.txt');

const hash = (...files) => {
  const sum = createHash('sha256');
  for (const file of files) sum.update(readFileSync(file));
  return sum.digest('hex');
};
const wanted = () => ({ runtime: hash(requirements), dev: hash(requirements, devRequirements) });
const file = (venv) => join(venv, 'setup.json');

/** The stamp of an environment that set-up made, or null. */
export function readStamp(venv) {
  try {
    return JSON.parse(readFileSync(file(venv), 'utf8'));
  } catch {
    return null;
  }
}

export function writeStamp(venv, { dev, python, torchIndex }) {
  const { runtime, dev: withDev } = wanted();
  const stamp = { runtime, dev: dev ? withDev : null, python, torchIndex, made: new Date().toISOString() };
  writeFileSync(file(venv), `${JSON.stringify(stamp, null, 2)}\n`);
}

/** 'current', 'dev' (only the development packages are missing) or 'all'. PYTHON and PYTORCH_INDEX_URL count when set. */
export function whatIsMissing(venv, { dev, environment }) {
  const stamp = readStamp(venv);
  // A link to a Python that was uninstalled does not exist for existsSync either.
  if (!stamp || !existsSync(join(venv, 'bin', 'python'))) return 'all';
  const { runtime, dev: withDev } = wanted();
  const { PYTHON, PYTORCH_INDEX_URL } = environment;
  if (stamp.runtime !== runtime) return 'all';
  if (PYTHON && PYTHON !== stamp.python.command && PYTHON !== stamp.python.executable) return 'all';
  if (PYTORCH_INDEX_URL && PYTORCH_INDEX_URL !== stamp.torchIndex) return 'all';
  return dev && stamp.dev !== withDev ? 'dev' : 'current';
}
