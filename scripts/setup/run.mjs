// Runs a program and hands its lines over as they come.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Resolves to {code, output} once the program has left and its output has ended, also when `signal` stopped it. */
export function run(command, args, { signal, environment = process.env, onLine = () => {} } = {}) {
  return new Promise((resolve) => {
    const lines = [];
    const child = spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], signal });
    const read = (line) => {
      lines.push(line);
      onLine(line);
    };
    createInterface({ input: child.stdout }).on('line', read);
    createInterface({ input: child.stderr }).on('line', read);
    child.on('error', (error) => {
      // A program that never started gives no 'close'; one that was aborted still does.
      if (child.pid === undefined) resolve({ code: 127, output: error.message });
    });
    child.on('close', (code) => resolve({ code: code ?? 1, output: lines.join('\n') }));
  });
}
