import { readdirSync, readFileSync } from 'node:fs';
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

/** Until nobody of the group runs any more, or for the time given. */
export async function waitForGroup(leaderPid: number, limitMs: number): Promise<void> {
  const until = performance.now() + limitMs;
  while (signalGroup(leaderPid, 0) && !onlyZombies(leaderPid) && performance.now() < until) await sleep(POLL_MS);
}

/** Zombies hold nothing, and stay for as long as whoever inherited them does not ask: the first process of a container may never. */
function onlyZombies(leaderPid: number): boolean {
  try {
    const members = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return members.every((pid) => !runsIn(leaderPid, pid));
  } catch {
    return false; // no /proc here
  }
}

function runsIn(group: number, pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(itsGroup) === group && !'ZX'.includes(state);
  } catch {
    return false; // it has just gone
  }
}
