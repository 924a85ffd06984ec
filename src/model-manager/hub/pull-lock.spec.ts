import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PullLock } from './pull-lock.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pull-lock-'));
  path = join(folder, 'locks', 'one.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

const never = new AbortController().signal;
const nothing = async (): Promise<void> => {};

describe('PullLock', () => {
  it('is held by one at a time, and the next gets it when it is released', async () => {
    const [first, second] = [new PullLock(path), new PullLock(path)];
    await first.acquire(never, nothing);
    let waited = 0;
    await second.acquire(never, async () => {
      waited += 1;
      if (waited === 2) await first.release();
    });
    expect(waited).toBe(2);
    await second.release();
    expect(existsSync(path)).toBe(false);
  });

  it('is taken over at once from a process that is gone, by one of those that wait', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const locks = [new PullLock(path), new PullLock(path), new PullLock(path)];
    await locks[0]!.acquire(never, nothing);
    await locks[0]!.release();
    writeFileSync(path, JSON.stringify({ id: 'dead', pid, host: hostname() }));
    const held: PullLock[] = [];
    await Promise.all(
      locks.map(async (lock) => {
        await lock.acquire(never, nothing);
        held.push(lock);
        expect(held).toHaveLength(1);
        await new Promise((resolve) => setImmediate(resolve));
        held.pop();
        await lock.release();
      }),
    );
    expect(existsSync(path)).toBe(false);
  });

  it('is taken over from an owner elsewhere whose file stands still', async () => {
    const timing = { beatMs: 20, deadAfterMs: 300 };
    const suspended = new PullLock(path, timing);
    await suspended.acquire(never, nothing);
    writeFileSync(path, JSON.stringify({ id: 'dead', pid: 1, host: 'elsewhere' }));
    const lock = new PullLock(path, timing);
    await lock.acquire(never, nothing);
    await suspended.release();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
    await lock.release();
  });

  it('is no longer waited for when the wait is ended', async () => {
    const first = new PullLock(path);
    await first.acquire(never, nothing);
    const stop = new AbortController();
    const wait = new PullLock(path).acquire(stop.signal, async () => stop.abort());
    await expect(wait).rejects.toThrow(/abort/i);
    await first.release();
  });
});
