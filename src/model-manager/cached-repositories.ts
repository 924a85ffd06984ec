import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A repository in the Hub's cache, whoever has put it there. */
export interface CachedRepository {
  name: string;
  folder: string;
  bytes: number;
  /** Files whose download was cut. */
  incomplete: number;
}

const FOLDER = /^models--([^/]+?)--(.+)$/;

export async function cachedRepositories(cache: string): Promise<CachedRepository[]> {
  const found: CachedRepository[] = [];
  for (const entry of (await namesIn(cache)).toSorted()) {
    const [, owner, name] = FOLDER.exec(entry) ?? [];
    if (owner === undefined || name === undefined) continue;
    const folder = join(cache, entry);
    const blobs = await namesIn(join(folder, 'blobs'));
    const sizes = await Promise.all(blobs.map(async (blob) => (await stat(join(folder, 'blobs', blob))).size));
    const incomplete = blobs.filter((blob) => blob.endsWith('.incomplete')).length;
    found.push({ name: `${owner}/${name}`, folder, bytes: sizes.reduce((sum, size) => sum + size, 0), incomplete });
  }
  return found;
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
