import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { signalGroup, waitForGroup } from './process-group.js';

let parent: ChildProcess;

afterEach(() => void parent.kill('SIGKILL'));

/** The leader of a group of its own, whose parent never asks for its exit. */
async function leader(command: string): Promise<number> {
  parent = spawn('sh', ['-c', `setsid ${command} & echo $!; exec sleep 600`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout!, 'data')) as [Buffer];
  const pid = Number(String(line));
  while (!signalGroup(pid, 0)) await sleep(5); // until it has made its group
  return pid;
}

describe('the wait for a process group', () => {
  const linux = existsSync('/proc/self/stat') ? it : it.skip;

  linux('is over when only zombies are left that nobody has asked for', async () => {
    const pid = await leader('sleep 0');
    while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await sleep(5);
    await waitForGroup(pid, 600_000);
    expect(signalGroup(pid, 0)).toBe(true);
  });

  it('lasts as long as somebody of it runs, or for the time given', async () => {
    const pid = await leader('sleep 600');
    await waitForGroup(pid, 50);
    expect(signalGroup(pid, 0)).toBe(true);
    signalGroup(pid, 'SIGKILL');
    await waitForGroup(pid, 600_000);
  });
});
