// Runs pip with few retries, and says what it is at.
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, readable, say } from './message.mjs';
import { whileSaying } from './progress.mjs';
import { run } from './run.mjs';

// Few retries and short waits: an index that can't be reached must not cost minutes. PIP_DEFAULT_TIMEOUT may say otherwise.
const FLAGS = ['--retries', '1', '--timeout', '15', '--no-input', '--disable-pip-version-check'];

/** pip install `args` with the Python of an environment; `scratch` takes pip's temporary files. Raises SetupError. */
export async function pipInstall(python, args, { scratch, signal }) {
  mkdirSync(scratch, { recursive: true });
  let retried = false;
  let doing = 'looking up packages';
  const onLine = (line) => {
    const download = /^\s*Downloading (?:https?:\S+\/)?(\S+?)(?: \(([\d.]+ ?[kMG]?B)\))?$/.exec(line);
    if (download) doing = `downloading ${download[1]}${download[2] ? ` (${download[2]})` : ''}`;
    else if (/^Processing /.test(line)) doing = `reading ${/[^/\s]+\.whl/.exec(line)?.[0] ?? 'a package'}`;
    else if (/^Installing collected packages/.test(line)) doing = 'unpacking';
    if (download && / [MG]B$/.test(download[2] ?? '') && Number.parseFloat(download[2]) >= 5) say(`${doing}.`);
    if (!retried && /Retrying \(Retry\(total=/.test(line)) {
      retried = true;
      say('no answer from a package index; one more try.');
    }
  };
  const command = [
    '-m',
    'pip',
    'install',
    ...FLAGS,
    '--progress-bar',
    'off',
    '--no-compile',
    '--only-binary',
    ':all:',
    ...args,
  ];
  // pip unpacks beside the project: /tmp is often too small a disk for PyTorch.
  const environment = { ...process.env, TMPDIR: scratch, PYTHONUNBUFFERED: '1' };
  const says = () => {
    const arrived = doing.startsWith('downloading') ? bytesIn(scratch) : 0;
    return arrived > 1e6 ? `${doing}, ${readable(arrived)} so far` : doing;
  };
  const { code, output } = await whileSaying(says, () => run(python, command, { signal, environment, onLine }));
  if (code !== 0 && !signal.aborted) throw new SetupError(explain(output));
}

// Downloads lie in pip's own temporary folders, one level down.
function bytesIn(scratch) {
  let total = 0;
  try {
    for (const entry of readdirSync(scratch, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      for (const name of readdirSync(join(scratch, entry.name)))
        total += statSync(join(scratch, entry.name, name)).size;
    }
  } catch {
    // pip removed a folder while it was read; the next line will tell.
  }
  return total;
}

function explain(output) {
  const lines = output.split('\n');
  const faults = lines.filter((line) => /^ERROR:|^WARNING: .*not a trusted/.test(line));
  const told = (faults.length > 0 ? faults : lines).slice(-4).join('\n');
  if (/No space left on device/.test(output))
    return `The disk is full:\n${told}\nPyTorch takes 1 GB (CPU build) to 7 GB (CUDA build).`;
  if (
    /NewConnectionError|ConnectTimeout|Connection refused|ReadTimeout|Name or service not known|resolve|ProxyError/.test(
      output,
    )
  ) {
    return (
      `A package index could not be reached:\n${told}\n` +
      'Check the network. Behind a proxy set HTTPS_PROXY; with a mirror set PIP_INDEX_URL. Then run npm run setup again.'
    );
  }
  return `pip could not install the packages:\n${told}`;
}
