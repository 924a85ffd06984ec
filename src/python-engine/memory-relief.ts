import { Logger } from '@nestjs/common';
import {
  concatMap,
  defer,
  distinctUntilChanged,
  EMPTY,
  map,
  type Observable,
  repeat,
  switchMap,
  takeWhile,
  timer,
} from 'rxjs';
import type { WorkerStatus } from './worker-status.js';

/** After a replacement the same worker waits so long for its next, twice as long each time. */
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 3_600_000;

interface Watched {
  readonly name: string;
  readonly status: WorkerStatus;
  readonly status$: Observable<WorkerStatus>;
  /** Of its own memory; null for none. */
  readonly memoryLimitBytes: number | null;
}

/**
 * Has workers replaced that are over their memory budget, with waits between, so that a budget below what they need is no
 * endless round of starts.
 */
export class MemoryRelief {
  private readonly logger = new Logger('MemoryBudget');
  private readonly waits = new Map<string, { waitMs: number; lastAt: number }>();

  /** Subscribe for the worker's life. `replace` resolves when a successor has its place, and rejects where there is none. */
  watch(worker: Watched, replace: () => Promise<void>): Observable<unknown> {
    return worker.status$.pipe(
      map(({ memoryVerdict }) => memoryVerdict),
      distinctUntilChanged(),
      switchMap((verdict) => {
        if (verdict === 'too-small') this.tooSmall(worker);
        if (verdict !== 'exceeded') return EMPTY;
        return defer(() => this.turn(worker)).pipe(
          concatMap(() => this.attempt(worker, replace)),
          repeat(),
          takeWhile((replaced) => !replaced),
        );
      }),
    );
  }

  private turn(worker: Watched): Observable<unknown> {
    const dueMs = this.dueMs(worker.name);
    const when = dueMs === 0 ? 'now' : `in ${Math.ceil(dueMs / 1000)} s, as it was replaced not long ago`;
    this.logger.warn(`${this.told(worker)}; it is replaced ${when}`);
    return timer(dueMs);
  }

  private async attempt(worker: Watched, replace: () => Promise<void>): Promise<boolean> {
    const { name } = worker;
    const before = this.waits.get(name);
    const now = performance.now();
    const steady = before === undefined || now - before.lastAt > LONGEST_WAIT_MS + before.waitMs;
    this.waits.set(name, {
      waitMs: steady ? FIRST_WAIT_MS : Math.min(LONGEST_WAIT_MS, 2 * before.waitMs),
      lastAt: now,
    });
    try {
      await replace();
      return true;
    } catch (failure) {
      this.logger.error(`${name} keeps its place: ${String(failure)}`);
      return false;
    }
  }

  private dueMs(name: string): number {
    const last = this.waits.get(name);
    return last === undefined ? 0 : Math.max(0, last.lastAt + last.waitMs - performance.now());
  }

  private tooSmall(worker: Watched): void {
    this.logger.error(
      `${this.told(worker)} since it became ready, as any successor would: it is not replaced; raise WORKER_MEMORY_LIMIT_BYTES`,
    );
  }

  private told({ name, status, memoryLimitBytes }: Watched): string {
    return `${name} is over its memory budget (${mebibytes(status.memoryBytes)} of ${mebibytes(memoryLimitBytes)})`;
  }
}

const mebibytes = (bytes: number | null): string => `${Math.ceil((bytes ?? 0) / 2 ** 20)} MiB`;
