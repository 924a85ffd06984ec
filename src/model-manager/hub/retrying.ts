import { setTimeout as sleep } from 'node:timers/promises';
import { final, HubError } from './hub-error.js';

export interface RetryPolicy {
  /** Attempts after the first, counted anew whenever something was gained. */
  retries: number;
  /** Before the second attempt; doubles each time. */
  firstWaitMs: number;
}

export interface Retried {
  policy: RetryPolicy;
  signal: AbortSignal;
  /** Never falls: more than before means that the last attempt gained something. */
  gained: () => number;
  /** What people are told while it waits; null when it goes on. */
  tell: (note: string | null) => void;
}

const LONGEST_BACKOFF_MS = 30_000;
/** The Hub counts requests over five minutes. */
const LONGEST_TOLD_MS = 600_000;

/** Tries until it succeeds, the failure is final, or too many attempts in a row have gained nothing. */
export async function retrying<T>({ policy, signal, gained, tell }: Retried, attempt: () => Promise<T>): Promise<T> {
  let failures = 0;
  for (let best = gained(); ;) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HubError) || !error.again.worthwhile) throw error;
      failures = gained() > best ? 1 : failures + 1;
      best = Math.max(best, gained());
      const { message, again } = error;
      if (failures > policy.retries) {
        const attempts = failures === 1 ? 'one attempt' : `${failures} attempts in a row`;
        throw final(`${message}; given up after ${attempts}`, { cause: error });
      }
      const waitMs = again.afterMs ?? backoffMs(policy, failures);
      if (waitMs > LONGEST_TOLD_MS)
        throw final(`${message}; it asks for a wait of ${Math.ceil(waitMs / 1000)} s`, { cause: error });
      tell(`${message}; next attempt in ${Math.ceil(waitMs / 100) / 10} s`);
      await sleep(waitMs, undefined, { signal });
      tell(null);
    }
  }
}

/** Doubling, and up to a quarter more, so that many servers don't come back at once. */
function backoffMs({ firstWaitMs }: RetryPolicy, failures: number): number {
  return Math.min(firstWaitMs * 2 ** (failures - 1), LONGEST_BACKOFF_MS) * (1 + Math.random() / 4);
}
