import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import { isRunning } from './supervised-fake.js';

const loader = new URL('./typescript-loader.mjs', import.meta.url).href;
const supervisor = fileURLToPath(new URL('./supervisor-process.ts', import.meta.url));

describe('a gateway that is killed', () => {
  it('takes its engine along, which sees the end of its standard input', async () => {
    const gateway = execa(process.execPath, ['--import', loader, supervisor], {
      buffer: { stdout: false },
      reject: false,
    });
    const [line] = await Promise.race([
      once(createInterface(gateway.stdout), 'line'),
      gateway.then(({ stderr }) => [stderr]),
    ]);
    const { pid, folder } = JSON.parse(String(line)) as { pid: number; folder: string };
    expect(isRunning(pid)).toBe(true);

    gateway.kill('SIGKILL');
    await gateway;
    const lives = join(folder, 'lives.jsonl');
    // Not by its process id: whoever inherits it may never ask for its exit, and leave a zombie.
    while (!readFileSync(lives, 'utf8').includes('"end"')) await sleep(20);
    expect(readFileSync(lives, 'utf8').trim().split('\n')).toHaveLength(2);
    rmSync(folder, { recursive: true });
  });
});
