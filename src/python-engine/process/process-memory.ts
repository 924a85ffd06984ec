import { readFile } from 'node:fs/promises';

const OWN = /^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm;

/**
 * Bytes of memory that a process holds and the system can't take back: anonymous and shared, without files that it maps. Null
 * where the system does not tell, which Linux alone does, or the process is gone.
 */
export async function processMemory(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = [...status.matchAll(OWN)].map(([, count]) => Number(count));
  return kilobytes.length === 0 ? null : 1024 * kilobytes.reduce((sum, count) => sum + count, 0);
}
