// Runs the gateway as a child and hands each request to stop on to it exactly once.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { node24 } from './node24.mjs';
import { terminalClosed } from './terminal.mjs';

const leaveWithParent = pathToFileURL(fileURLToPath(new URL('leave-with-parent.mjs', import.meta.url))).href;
// npm passes on the signal of a terminal's Ctrl-C that this process got as well: two within this time are one.
const SAME_SIGNAL_MS = 400;
const PARENT_CHECK_MS = 1000;

/** Resolves to the exit code once the gateway has left. */
export function runGateway(file, args, environment = process.env) {
  // A group of its own: a terminal's Ctrl-C reaches the gateway through here alone, so it counts once.
  const gateway = spawn(node24(), ['--import', leaveWithParent, '--enable-source-maps', file, ...args], {
    stdio: 'inherit',
    detached: true,
    env: environment,
  });
  const last = new Map();
  const passOn = (signal) => {
    const now = performance.now();
    if (now - (last.get(signal) ?? -Infinity) < SAME_SIGNAL_MS) return;
    last.set(signal, now);
    gateway.kill(signal);
  };
  // Once, and not after Ctrl-C: a second one would cut off what still runs, and a closing terminal ends npm as well.
  const end = () => last.has('SIGTERM') || last.has('SIGINT') || passOn('SIGTERM');
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, passOn);
  process.on('SIGHUP', async () => ((await terminalClosed()) ? end() : passOn('SIGHUP')));
  const watch = watchNpm(end);
  return new Promise((resolve) => {
    gateway.on('error', (error) => {
      console.error(`The gateway can't be started: ${error.message}`);
      resolve(1);
    });
    gateway.on('exit', (code, signal) => {
      clearInterval(watch);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

// npm killed with -9 can't pass a signal on. Only npm is watched: a shell may leave and mean the server to stay.
function watchNpm(onGone) {
  if (!process.env.npm_lifecycle_event) return undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, PARENT_CHECK_MS);
  return timer;
}
