// Makes a virtual environment in a folder of its own and puts it in its final place when it is whole.
import { existsSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { howToInstallVenv } from './advice.mjs';
import { SetupError, say } from './message.mjs';
import { whileSaying } from './progress.mjs';
import { run } from './run.mjs';
import { readStamp } from './stamp.mjs';

/** Makes a virtual environment with pip in `folder` by venv, else by virtualenv. Raises SetupError with the line to type. */
export async function makeVenv(python, folder, signal) {
  const ways = [
    ...(python.venv ? [[python.command, '-m', 'venv', folder]] : []),
    [python.command, '-m', 'virtualenv', '--quiet', '--no-periodic-update', folder],
    ['virtualenv', '--quiet', '--no-periodic-update', '--python', python.executable, folder],
  ];
  for (const [command, ...args] of ways) {
    rmSync(folder, { recursive: true, force: true });
    const { code } = await whileSaying(
      () => 'making the environment',
      () => run(command, args, { signal }),
    );
    signal.throwIfAborted();
    if (code === 0 && existsSync(join(folder, 'bin', 'pip'))) return;
  }
  throw new SetupError(
    `${python.command} (Python ${python.version}) can't make virtual environments: it has no venv or ensurepip, and virtualenv is not installed.\n` +
      `Type this, then run it again:\n  ${howToInstallVenv(python)}`,
  );
}

/** Renames `made` to `place`. An environment that set-up did not make is kept aside. */
export function putInPlace(made, place) {
  correctScripts(made, place);
  let old = null;
  if (existsSync(place)) {
    old = `${place}-${readStamp(place) ? 'old' : 'previous'}-${Date.now()}`;
    renameSync(place, old);
  }
  renameSync(made, place);
  if (old && readStamp(old)) rmSync(old, { recursive: true, force: true });
  else if (old) say(`the .venv that was here is kept as ${old}.`);
}

// The first lines of pip, pytest and the others name the folder they were made in.
function correctScripts(made, place) {
  for (const name of readdirSync(join(made, 'bin'))) {
    const file = join(made, 'bin', name);
    const about = lstatSync(file);
    if (!about.isFile() || about.size > 100_000) continue;
    const text = readFileSync(file, 'utf8');
    if (text.includes(made)) writeFileSync(file, text.replaceAll(made, place));
  }
}
