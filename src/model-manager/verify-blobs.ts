import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BlobChecksum } from './hub/blob-checksum.js';

export interface VerifiedBlob {
  path: string;
  /** Null for a file that does not lie in the Hub's cache: nothing tells what it should be. */
  whole: boolean | null;
}

const KINDS = { 40: 'git', 64: 'sha256' } as const;

/** Reads every file of a snapshot: a blob's name is its checksum, so nobody has to be asked. */
export async function* verifyBlobs(snapshot: string): AsyncGenerator<VerifiedBlob> {
  const entries = await readdir(snapshot, { withFileTypes: true, recursive: true });
  for (const entry of entries.filter((one) => !one.isDirectory())) {
    const path = join(entry.parentPath, entry.name);
    const blob = await realpath(path).catch(() => null);
    yield { path, whole: blob === null ? false : await isWhole(blob) };
  }
}

async function isWhole(blob: string): Promise<boolean | null> {
  const hex = basename(blob);
  const kind = /^[0-9a-f]+$/.test(hex) ? KINDS[hex.length as keyof typeof KINDS] : undefined;
  if (kind === undefined) return null;
  const checksum = new BlobChecksum({ size: (await stat(blob)).size, checksum: { kind, hex } });
  for await (const chunk of createReadStream(blob, { highWaterMark: 1 << 20 })) checksum.add(chunk as Buffer);
  return checksum.matches();
}
