// Runs a program and hands its lines over as they come.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Resolves to {code, output} once the program has left and its output has ended, also when `signal` stopped it. */
export function run(command, args, { signal, environment = process.env, onLine = () => {} } = {}) {
  return new Promise((resolve) => {
    const lines = [];
    // A group of its own: what the program started (ensurepip, say) is stopped with it, and writes nothing more.
    const child = spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const stop = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It left a moment ago.
      }
    };
    const finish = (code, output) => {
      signal?.removeEventListener('abort', stop);
      resolve({ code, output });
    };
    const read = (line) => {
      lines.push(line);
      onLine(line);
    };
    child.on('error', (error) => finish(127, error.message));
    if (child.pid === undefined) return;
    createInterface({ input: child.stdout }).on('line', read);
    createInterface({ input: child.stderr }).on('line', read);
    child.on('close', (code) => finish(code ?? 1, lines.join('\n')));
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop);
  });
}
