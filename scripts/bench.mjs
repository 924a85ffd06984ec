// npm run bench [-- --quick ...]: measures the engine, the gateway and their peers; bench/README.md says what and how.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { root } from './root.mjs';
import { ensureEnvironment, venvPython } from './setup/environment.mjs';
import { leaveWith, say } from './setup/message.mjs';
import { pipInstall } from './setup/pip.mjs';
import { findPython } from './setup/python.mjs';
import { run } from './setup/run.mjs';
import { requirements } from './setup/stamp.mjs';
import { torchSource } from './setup/torch-source.mjs';
import { makeVenv } from './setup/venv.mjs';

const peers = join(root, 'bench', 'out', 'venv');
const peerRequirements = join(root, 'bench', 'requirements.txt');
const llamaRequirements = join(root, 'bench', 'requirements-llama.txt');

/** The Python of the bench's own environment, made on first use: what is measured must not share packages with its peers. */
async function peerPython(signal) {
  const inside = join(peers, 'bin', 'python');
  const stampFile = join(peers, 'bench-stamp');
  const stamp = createHash('sha256')
    .update(readFileSync(requirements))
    .update(readFileSync(peerRequirements))
    .digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return inside;
  const python = findPython(process.env);
  say(`making the bench's own environment in ${peers}.`);
  await makeVenv(python, peers, signal);
  const tag = `cp${python.version.split('.').slice(0, 2).join('')}`;
  const { index, build, says } = await torchSource({ inside, tag }, { environment: process.env, signal });
  say(`${says}.`);
  const extra = index ? [`torch==${build}`, '--extra-index-url', index] : [];
  const scratch = join(peers, 'tmp');
  await pipInstall(inside, ['-r', requirements, '-r', peerRequirements, ...extra], { scratch, signal });
  rmSync(scratch, { recursive: true, force: true });
  writeFileSync(stampFile, stamp);
  return inside;
}

/** Builds llama.cpp once, at the lowest priority. Where that fails the run goes on without it, and says so. */
async function addLlama(python, signal) {
  const stampFile = join(peers, 'llama-stamp');
  const stamp = readFileSync(llamaRequirements, 'utf8');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  say('building llama.cpp as a peer, once: some minutes.');
  const install = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '-r', llamaRequirements];
  const { code, output } = await run('nice', ['-n', '19', python, ...install], { signal });
  signal.throwIfAborted();
  writeFileSync(stampFile, stamp);
  if (code === 0) return;
  say(`llama.cpp could not be built: ${output.split('\n').filter(Boolean).at(-1)}`);
  say(`the run goes on without it; to try again, remove ${stampFile}.`);
}

const args = process.argv.slice(2);
if (!args.includes('--help')) await ensureEnvironment().catch(leaveWith);
if (!ensureBuild()) process.exit(1);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const told = [];
if (!args.includes('--help')) {
  try {
    const python = await peerPython(stop.signal);
    told.push('--peer-python', python);
    const at = args.findIndex((one) => one.startsWith('--peers'));
    const byDefault = args.includes('--quick') ? '' : 'llama.cpp';
    const chosen = at < 0 ? byDefault : `${args[at]} ${args[at + 1]}`;
    if (chosen.includes('llama.cpp')) await addLlama(python, stop.signal);
  } catch (error) {
    if (stop.signal.aborted) process.exit(130);
    console.error(`No peers and no picture: ${error.message}`);
  }
}
const path = [root, join(root, 'python'), process.env.PYTHONPATH].filter(Boolean).join(':');
const environment = { ...process.env, PYTHONPATH: path, OMP_WAIT_POLICY: 'PASSIVE' };
const child = spawn(venvPython, ['-m', 'bench', ...told, ...args], { cwd: root, stdio: 'inherit', env: environment });
// A terminal's Ctrl-C reaches the child as well; it stops what it started.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGINT'));
child.on('exit', (code, signal) => process.exit(signal ? 130 : code));
