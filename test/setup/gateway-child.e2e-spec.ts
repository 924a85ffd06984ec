import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { closingTerminal } from '../closing-terminal.js';
import { SmallProject } from './small-project.js';

// A gateway of a few lines: it counts signals, drains for a while, and says what happens. SIGHUP ends it, to end the test.
const GATEWAY = `
import { writeFileSync } from 'node:fs';
writeFileSync('pid', String(process.pid));
let signals = 0;
const drain = (signal) => {
  signals += 1;
  console.log('got ' + signal + ' ' + signals);
  if (signals === 2) process.exit(130);
  setTimeout(() => { writeFileSync('drained', signal); process.exit(Number(process.argv[2] ?? 0)); }, 1500);
};
process.on('SIGINT', drain);
process.on('SIGTERM', drain);
process.on('SIGHUP', () => { console.log('got SIGHUP'); process.exit(0); });
console.log('serving');
setInterval(() => {}, 1000);
`;
const START = `import { runGateway } from './scripts/gateway.mjs';
process.exit(await runGateway('gateway.mjs', process.argv.slice(2)));`;

let project: SmallProject;
beforeEach(() => {
  project = new SmallProject();
  project.write('gateway.mjs', GATEWAY);
  project.write('start.mjs', START);
});
afterEach(() => project.remove());

/** Runs the starter and does each step once its words have been printed. */
function start(
  args: string[],
  steps: [after: string, act: (child: ChildProcess) => void][],
): ReturnType<SmallProject['run']> {
  const left = [...steps];
  return project.run(['start.mjs', ...args], {}, (output, child) => {
    const next = left[0];
    if (next === undefined || !output.includes(next[0])) return;
    left.shift();
    next[1](child);
  });
}

const toGroup = (signal: NodeJS.Signals) => (child: ChildProcess) => void process.kill(-child.pid!, signal);
const toStarter = (signal: NodeJS.Signals) => (child: ChildProcess) => void child.kill(signal);

describe('npm start', () => {
  it("hands a terminal's Ctrl-C, which npm repeats, on once, and leaves with the gateway's code", async () => {
    const ctrlC = (child: ChildProcess): void => {
      toGroup('SIGINT')(child);
      setTimeout(() => child.kill('SIGINT'), 50);
    };
    const { code, output } = await start([], [['serving', ctrlC]]);
    expect(output).toBe('serving\ngot SIGINT 1\n');
    expect(code).toBe(0);
  });

  it('hands a second Ctrl-C on as a second signal', async () => {
    const later = (child: ChildProcess): void => void setTimeout(() => toGroup('SIGINT')(child), 700);
    const { code, output } = await start(
      [],
      [
        ['serving', toGroup('SIGINT')],
        ['got SIGINT 1', later],
      ],
    );
    expect(output).toContain('got SIGINT 2');
    expect(code).toBe(130);
  });

  it('lets the gateway drain at SIGTERM', async () => {
    const { code, output } = await start([], [['serving', toStarter('SIGTERM')]]);
    expect(output).toBe('serving\ngot SIGTERM 1\n');
    expect(code).toBe(0);
  });

  it('hands SIGHUP on as it is: the gateway reads its settings anew', async () => {
    const { code, output } = await start([], [['serving', toStarter('SIGHUP')]]);
    expect(output).toBe('serving\ngot SIGHUP\n');
    expect(code).toBe(0);
  });

  it('lets the gateway drain when its terminal is closed, which is told by SIGHUP too', async () => {
    const start = [process.execPath, 'start.mjs', '7'] as const;
    expect(await closingTerminal('serving', start, { cwd: project.root })).toBe(7);
    expect(readFileSync(join(project.root, 'drained'), 'utf8')).toBe('SIGTERM');
  });

  it('tells a gateway that drains after Ctrl-C nothing more when the terminal is closed', async () => {
    const start = [process.execPath, 'start.mjs', '7'] as const;
    const closing = { cwd: project.root, interrupted: 'got SIGINT 1' };
    expect(await closingTerminal('serving', start, closing)).toBe(7);
    expect(readFileSync(join(project.root, 'drained'), 'utf8')).toBe('SIGINT');
  });

  it("leaves with the gateway's own exit code", async () => {
    const { code } = await start(['7'], [['serving', toStarter('SIGTERM')]]);
    expect(code).toBe(7);
  });

  it('leaves no gateway behind when it is killed with -9', async () => {
    const { output } = await start([], [['serving', toStarter('SIGKILL')]]);
    // The output ends when the gateway, too, has closed it.
    expect(output).toBe('serving\ngot SIGTERM 1\n');
  });
});
