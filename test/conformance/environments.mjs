// The clients' own environments, made on first use: none of it is the server's, nor its tests'.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPython } from '../../scripts/setup/python.mjs';
import { run } from '../../scripts/setup/run.mjs';
import { makeVenv } from '../../scripts/setup/venv.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
export const OUT = join(HERE, 'out');
const NODE = join(HERE, 'node');
// What each takes on disk, so that nobody is surprised.
const MEGABYTES = { node: 150, clients: 320, 'lm-eval': 610, schemathesis: 70 };

/** The Node packages of package.json, beside the programs that import them. Throws with npm's words. */
export async function nodePackages(signal) {
  const wanted = readFileSync(join(NODE, 'package.json'));
  await once(join(NODE, 'node_modules'), wanted, signal, async () => {
    say(`installing the Node clients, ${MEGABYTES.node} MB, in ${NODE}.`);
    const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
    await ran('npm', ['install', '--prefix', NODE, ...flags], signal);
  });
}

/** The Python of the environment of python/requirements-NAME.txt. Throws with pip's words. */
export async function pythonOf(name, signal) {
  const folder = join(OUT, `venv-${name}`);
  const requirements = join(HERE, 'python', `requirements-${name}.txt`);
  const inside = join(folder, 'bin', 'python');
  await once(folder, readFileSync(requirements), signal, async () => {
    say(`installing the Python packages of '${name}', ${MEGABYTES[name]} MB, in ${folder}.`);
    mkdirSync(OUT, { recursive: true });
    await makeVenv(findPython(process.env), folder, signal);
    const flags = ['--no-input', '--no-compile', '--disable-pip-version-check', '--quiet'];
    await ran(inside, ['-m', 'pip', 'install', ...flags, '-r', requirements], signal);
  });
  return inside;
}

/** Makes `folder` anew unless its stamp says that it was made whole from the same requirements. */
async function once(folder, wanted, signal, make) {
  const file = join(folder, '.conformance-stamp');
  const stamp = createHash('sha256').update(wanted).digest('hex');
  if (existsSync(file) && readFileSync(file, 'utf8') === stamp) return;
  rmSync(folder, { recursive: true, force: true });
  await make();
  signal.throwIfAborted();
  writeFileSync(file, stamp);
}

async function ran(command, args, signal) {
  const { code, output } = await run(command, args, { signal });
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`${command} ${args[0]} failed:\n${output.split('\n').slice(-8).join('\n')}`);
}

const say = (line) => console.log(`Conformance: ${line}`);
