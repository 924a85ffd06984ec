// The engine's CPU kernels in C: compiled here when a compiler is there. The engine runs without them, only slower.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { root } from '../root.mjs';
import { say } from './message.mjs';
import { whileSaying } from './progress.mjs';
import { run } from './run.mjs';

const python = join(root, 'python');
const kernels = join(python, 'nanochat_engine', 'kernels');
const native = join(kernels, 'native');
const built = join(kernels, 'built');
const stamp = join(built, 'setup.json');
const LIMIT_MS = 600_000;

/**
 * True when a build would give what is there: sources, compiler and the program that builds are those of the last one.
 * A build without a library counts too, so that each start does not try it anew, unless `again`.
 */
export function kernelsAreCurrent({ again, environment }) {
  if (!existsSync(native)) return true;
  try {
    const { key, library } = JSON.parse(readFileSync(stamp, 'utf8'));
    if (key !== keyOf(environment)) return false;
    return library === null ? !again : existsSync(join(built, library));
  } catch {
    return false;
  }
}

/** Compiles them unless they are current; true when a library was made. Whatever goes wrong is said and stops nothing. */
export async function buildKernels(venvPython, { again, environment, signal }) {
  if (kernelsAreCurrent({ again, environment })) return false;
  const key = keyOf(environment);
  const before = libraryName();
  const limit = AbortSignal.timeout(LIMIT_MS);
  const { code } = await whileSaying(
    () => 'compiling the CPU kernels',
    () =>
      run(venvPython, ['-m', 'nanochat_engine.kernels.build'], {
        signal: AbortSignal.any([signal, limit]),
        environment: { ...environment, PYTHONPATH: python },
        onLine: say,
      }),
  );
  removeLeftovers();
  signal.throwIfAborted();
  if (limit.aborted) say(`the CPU kernels took more than ${LIMIT_MS / 60_000} minutes: the engine uses PyTorch's.`);
  else if (code !== 0) say("the CPU kernels could not be compiled: the engine uses PyTorch's.");
  const library = libraryName();
  try {
    mkdirSync(built, { recursive: true });
    writeFileSync(stamp, `${JSON.stringify({ key, library }, null, 2)}\n`);
  } catch {
    // A folder that can't be written was told by the build.
  }
  return library !== null && library !== before;
}

// Where a compiler lies and how old it is tells of a new one without running it.
function keyOf(environment) {
  const sum = createHash('sha256').update(`${process.platform} ${process.arch} ${environment.CC ?? ''}\n`);
  for (const file of [join(kernels, 'build.py'), join(kernels, 'recipe.py'), ...sources()])
    sum.update(`${relative(kernels, file)}\n`).update(readFileSync(file));
  for (const name of [environment.CC?.trim().split(/\s+/)[0], 'cc', 'gcc', 'clang']) {
    const file = name && inPath(name, environment.PATH ?? '');
    if (file) sum.update(`${file} ${statSync(file).size} ${statSync(file).mtimeMs}\n`);
  }
  return sum.digest('hex');
}

const sources = () =>
  readdirSync(native, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.[ch]$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();

function inPath(name, path) {
  const candidates = name.includes('/') ? [name] : path.split(delimiter).map((folder) => join(folder, name));
  const found = candidates.find((file) => existsSync(file));
  return found ? realpathSync(found) : null;
}

const inBuilt = () => (existsSync(built) ? readdirSync(built) : []);
const libraryName = () => inBuilt().find((name) => /^libnanochat-.*\.so$/.test(name)) ?? null;

// What a killed build left behind; the lock says that no other set-up runs.
function removeLeftovers() {
  for (const name of inBuilt())
    if (name.startsWith('building-')) rmSync(join(built, name), { recursive: true, force: true });
}
