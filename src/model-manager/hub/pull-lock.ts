import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

interface Owner {
  id: string;
  pid: number;
  host: string;
}

/** The owner touches its lock that often; one that has stood still for ten times as long is a dead one's. */
const TIMING = { beatMs: 1_000, deadAfterMs: 10_000 };
const LOOK_MS = 100;

/**
 * A lock between processes, by a file that only one can create. A dead owner's is taken over: at once when its process is
 * gone from this machine, else when its file stands still, as on a shared disk.
 */
export class PullLock {
  private readonly owner: Owner = { id: randomUUID(), pid: process.pid, host: hostname() };
  private beat: NodeJS.Timeout | undefined;

  constructor(
    private readonly path: string,
    private readonly timing = TIMING,
  ) {}

  /** `waiting` is called between two looks while another process holds it. */
  async acquire(signal: AbortSignal, waiting: () => Promise<void>): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    const stillness = new Stillness();
    while (!(await this.create(this.path))) {
      signal.throwIfAborted();
      const holder = await holderOf(this.path);
      if (holder !== null && (isGone(holder) || stillness.of(holder) > this.timing.deadAfterMs))
        await this.takeOver(holder);
      await waiting();
      await sleep(LOOK_MS, undefined, { signal });
    }
    this.beat = setInterval(() => void this.touch(), this.timing.beatMs).unref();
  }

  async release(): Promise<void> {
    clearInterval(this.beat);
    if ((await holderOf(this.path))?.id === this.owner.id) await rm(this.path, { force: true });
  }

  /** Only its own: whoever was taken for dead must not keep another's alive. */
  private async touch(): Promise<void> {
    const now = new Date();
    if ((await holderOf(this.path))?.id === this.owner.id) await utimes(this.path, now, now).catch(() => {});
  }

  private async create(path: string): Promise<boolean> {
    try {
      await writeFile(path, JSON.stringify(this.owner), { flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  /** Removes the dead owner's file and no other: who does so holds a lock of its own meanwhile. */
  private async takeOver(dead: Holder): Promise<void> {
    const guard = `${this.path}.takeover`;
    if (await this.create(guard)) {
      if ((await holderOf(this.path))?.id === dead.id) await rm(this.path, { force: true });
      await rm(guard, { force: true });
      return;
    }
    const other = await holderOf(guard);
    if (other !== null && Date.now() - other.touched > this.timing.deadAfterMs) await rm(guard, { force: true });
  }
}

interface Holder extends Owner {
  touched: number;
}

/** Null when there is none, or it is being written. */
async function holderOf(path: string): Promise<Holder | null> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    if (text !== '') return { ...(JSON.parse(text) as Owner), touched: mtimeMs };
    // Its owner died between creating and writing it, if it stays so.
    return { id: '', pid: 0, host: '', touched: mtimeMs };
  } catch {
    return null;
  }
}

function isGone({ pid, host }: Owner): boolean {
  if (host !== hostname() || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** For how long a holder's file has stood still, by our own clock: that of another machine may go wrong. */
class Stillness {
  private last = '';
  private since = performance.now();

  of({ id, touched }: Holder): number {
    const seen = `${id} ${touched}`;
    if (seen !== this.last) {
      this.last = seen;
      this.since = performance.now();
    }
    return performance.now() - this.since;
  }
}
