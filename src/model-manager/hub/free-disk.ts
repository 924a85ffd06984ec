import { mkdir, statfs } from 'node:fs/promises';
import { readableBytes } from '../readable.js';
import { final } from './hub-error.js';

/** Refuses a download that can't fit before it starts. Throws HubError. */
export async function checkFreeDisk(folder: string, needed: number, title: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw final(
    `${title}: the disk of ${folder} has ${readableBytes(free)} free, and ${readableBytes(needed)} are to be downloaded; ` +
      'make room, or set HF_HOME to a folder on another disk',
  );
}

/** What a full disk says in mid-download, in the same words; other failures as they are. */
export function explainDisk(error: unknown, folder: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return final(`the disk of ${folder} is full; make room, or set HF_HOME to a folder on another disk`);
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return final(`${folder} can't be written (${message}); set HF_HOME to a folder that this process may write`);
  }
  return error;
}
