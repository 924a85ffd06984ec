// The whole of set-up: nothing when .venv is current, else a new one beside it that takes its place when it is whole.
import { readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../root.mjs';
import { buildKernels, kernelsAreCurrent } from './kernels.mjs';
import { takeLock } from './lock.mjs';
import { Interrupted, SetupError, readable, say } from './message.mjs';
import { pipInstall } from './pip.mjs';
import { findPython } from './python.mjs';
import { whileSaying } from './progress.mjs';
import { run } from './run.mjs';
import { devRequirements, readStamp, requirements, whatIsMissing, writeStamp } from './stamp.mjs';
import { torchSource } from './torch-source.mjs';
import { makeVenv, putInPlace } from './venv.mjs';

export const venv = join(root, '.venv');
export const venvPython = join(venv, 'bin', 'python');
const building = join(root, '.venv-new');

/**
 * True when something was installed or the CPU kernels were compiled. Raises SetupError with what to do, or Interrupted; .venv is
 * whole in every case. `again` tries kernels once more that could not be compiled.
 */
export async function ensureEnvironment({ dev = false, again = false, environment = process.env } = {}) {
  if (whatIsMissing(venv, { dev, environment }) === 'current' && kernelsAreCurrent({ again, environment }))
    return false;
  const stop = new AbortController();
  let stoppedBy = null;
  const onSignal = (signal) => {
    stoppedBy = signal;
    stop.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, onSignal);
  let giveBack = null;
  try {
    giveBack = await takeLock(join(root, '.venv-lock'), stop.signal);
    const installed = await install({ dev, environment, signal: stop.signal });
    const compiled = await buildKernels(venvPython, { again, environment, signal: stop.signal });
    return installed || compiled;
  } catch (error) {
    throw stoppedBy ? new Interrupted(stoppedBy) : error;
  } finally {
    // Without the lock, the half-made environment is another's.
    if (giveBack) rmSync(building, { recursive: true, force: true, maxRetries: 3 });
    giveBack?.();
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, onSignal);
  }
}

async function install({ dev, environment, signal }) {
  const missing = whatIsMissing(venv, { dev, environment });
  if (missing === 'current') return false;
  removeLeftovers();
  const started = Date.now();
  if (missing === 'dev') await addDevelopmentPackages(signal);
  else await makeNew({ dev, environment, signal });
  say(`done in ${Math.round((Date.now() - started) / 1000)} s.`);
  return true;
}

async function makeNew({ dev, environment, signal }) {
  const python = findPython(environment);
  say(`making .venv with ${python.command} (Python ${python.version}, ${python.executable}).`);
  await makeVenv(python, building, signal);
  const inside = join(building, 'bin', 'python');
  requireDisk(1.5e9);
  const tag = `cp${python.version.split('.').slice(0, 2).join('')}`;
  const { index, build, says } = await torchSource({ inside, tag }, { environment, signal });
  signal.throwIfAborted();
  say(`${says}.`);
  say(
    `and from pip's index: ${dev ? 'the packages of the engine and of its tests, 60 MB' : 'the other packages of the engine, 30 MB'}.`,
  );
  const files = dev ? ['-r', requirements, '-r', devRequirements] : ['-r', requirements];
  const extra = index ? [`torch==${build}`, '--extra-index-url', index] : [];
  await pipInstall(inside, [...files, ...extra], { scratch: join(building, 'tmp'), signal });
  signal.throwIfAborted();
  await checkImports(inside, signal);
  rmSync(join(building, 'tmp'), { recursive: true, force: true });
  writeStamp(building, { dev, python: { command: python.command, executable: python.executable }, torchIndex: index });
  putInPlace(building, venv);
}

async function addDevelopmentPackages(signal) {
  say("adding the packages of the engine's tests to .venv, 30 MB from pip's index.");
  const { python, torchIndex } = readStamp(venv);
  await pipInstall(venvPython, ['-r', requirements, '-r', devRequirements], { scratch: join(building, 'tmp'), signal });
  signal.throwIfAborted();
  writeStamp(venv, { dev: true, python, torchIndex });
}

// What is imported is compiled here and kept, so that the first start is as fast as the second.
async function checkImports(python, signal) {
  const check = ['-c', 'import fastapi, numpy, tiktoken, torch, uvicorn'];
  const { code, output } = await whileSaying(
    () => 'checking that everything imports',
    () => run(python, check, { signal, environment: { ...process.env, PYTHONDONTWRITEBYTECODE: '' } }),
  );
  signal.throwIfAborted();
  if (code !== 0)
    throw new SetupError(`The packages are installed but do not import:\n${output.split('\n').slice(-5).join('\n')}`);
}

function requireDisk(bytes) {
  const { bavail, bsize } = statfsSync(root);
  if (bavail * bsize >= bytes) return;
  throw new SetupError(
    `The disk of ${root} has ${readable(bavail * bsize)} free; the environment needs ${readable(bytes)} at least.`,
  );
}

// What a killed set-up left behind; the lock says that none is running now.
function removeLeftovers() {
  for (const name of readdirSync(root)) {
    if (name === '.venv-new' || name.startsWith('.venv-old-'))
      rmSync(join(root, name), { recursive: true, force: true });
  }
}
