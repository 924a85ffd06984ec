// Finds a Python that the pinned packages have wheels for.
import { spawnSync } from 'node:child_process';
import { SetupError } from './message.mjs';
import { howToInstallPython } from './advice.mjs';

const OLDEST = 11;
const NEWEST = 14;
const CANDIDATES = ['python3.11', 'python3', 'python3.12', 'python3.13', 'python3.14', 'python'];

const QUESTION = `
import importlib.util as u, json, platform, struct, sys, sysconfig
print(json.dumps({
  "version": list(sys.version_info[:3]), "executable": sys.executable, "bits": struct.calcsize("P") * 8,
  "implementation": platform.python_implementation(), "machine": platform.machine(),
  "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
  "musl": "musl" in (sysconfig.get_config_var("SOABI") or ""),
  "venv": bool(u.find_spec("venv") and u.find_spec("ensurepip"))}))`;

function ask(command) {
  const answer = spawnSync(command, ['-c', QUESTION], {
    encoding: 'utf8',
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (answer.error?.code === 'ENOENT') return { reason: 'not found' };
  if (answer.error || answer.status !== 0) return { reason: 'does not run' };
  try {
    return { about: JSON.parse(answer.stdout.trim().split('\n').at(-1)) };
  } catch {
    return { reason: 'is not a Python' };
  }
}

function refusal({ version: [major, minor], bits, implementation, free_threaded, musl }) {
  if (major !== 3 || minor < OLDEST) return `is ${major}.${minor}, too old`;
  if (minor > NEWEST) return `is ${major}.${minor}, too new: PyTorch has no build for it in this project's pins`;
  if (implementation !== 'CPython') return `is ${implementation}, not CPython`;
  if (free_threaded) return 'is a free-threaded build, which the pins have no wheels for';
  if (bits !== 64) return 'is a 32-bit build';
  if (musl) return 'is built for musl (Alpine), which PyTorch has no builds for';
  return null;
}

/** {command, executable, version, venv}; PYTHON alone decides when set. Raises SetupError naming all that was tried. */
export function findPython(environment) {
  const tried = [];
  let withoutVenv = null;
  for (const command of environment.PYTHON ? [environment.PYTHON] : CANDIDATES) {
    const { about, reason } = ask(command);
    const problem = reason ?? refusal(about);
    if (problem) {
      tried.push(`  ${command} ${problem}`);
      continue;
    }
    const python = { ...about, command, version: about.version.join('.') };
    if (python.venv) return python;
    withoutVenv ??= python;
  }
  if (withoutVenv) return withoutVenv;
  throw new SetupError(
    `No Python that the engine can use: it needs CPython 3.${OLDEST} to 3.${NEWEST}, 64-bit.\n${tried.join('\n')}\n` +
      `${howToInstallPython()}\nor name one that you have: PYTHON=/path/to/python3.${OLDEST} npm run setup`,
  );
}
