import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;

/** Signals everyone in a group; false when nobody is left in it. `0` only asks. */
export function signalGroup(leaderPid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leaderPid, signal);
  } catch {
    return false;
  }
}

/** Until nobody is left in the group, or for the time given: a zombie whose parent never asks stays for ever. */
export async function waitForGroup(leaderPid: number, limitMs: number): Promise<void> {
  const until = performance.now() + limitMs;
  while (signalGroup(leaderPid, 0) && performance.now() < until) await sleep(POLL_MS);
}
