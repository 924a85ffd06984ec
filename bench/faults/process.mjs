// What the system tells of processes, in /proc.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has gone
  }
};

/** Whether it still runs: a zombie that its new parent has not reaped yet does not. */
export const alive = (pid) => {
  const stat = read(`/proc/${pid}/stat`);
  return stat !== '' && !/\) [ZX] /.test(stat);
};

const numbers = (text) => text.split(/\s+/).filter(Boolean).map(Number);

/** Process ids of those that `pid` has started, by any of its threads. */
export function childrenOf(pid) {
  let threads = [];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {} // it has gone
  return threads.flatMap((thread) => numbers(read(`/proc/${pid}/task/${thread}/children`)));
}

export const descendantsOf = (pid) => childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);

/** Resident bytes; null when it has gone. */
export function memoryOf(pid) {
  const kibibytes = /^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

/** Open descriptors, and how many of them are sockets. */
export function descriptorsOf(pid) {
  const links = readdirSync(`/proc/${pid}/fd`).map((name) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      return null; // closed meanwhile
    }
  });
  const open = links.filter((link) => link !== null);
  return { descriptors: open.length, sockets: open.filter((link) => link.startsWith('socket:')).length };
}
