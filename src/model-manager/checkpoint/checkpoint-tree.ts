import { readdir, stat } from 'node:fs/promises';
import { basename, join, posix, resolve } from 'node:path';

/** The files below a folder or in a repository, as far as they can belong to a checkpoint. */
export interface CheckpointTree {
  /** For messages: a path, or the repository's name. */
  title: string;
  /** The folder's own name. */
  name: string;
  /** Paths from the folder on, with '/'; a tokenizer above it starts with '..'. */
  files: ReadonlySet<string>;
  /** When a folder last changed, where that is known. */
  modified: ReadonlyMap<string, number>;
}

const TOKENIZERS_ABOVE = ['..', '../..'].flatMap((up) => [`${up}/tokenizer.pkl`, `${up}/tokenizer/tokenizer.pkl`]);
/** The folder, a stage of upstream's base directory, a tag. */
const DEPTH = 3;

/** Reads names only. A folder that can't be read counts as empty. */
export async function readTree(directory: string): Promise<CheckpointTree> {
  const files = new Set<string>();
  const modified = new Map<string, number>();
  const walk = async (folder: string, depth: number): Promise<void> => {
    const names = await readdir(join(directory, folder)).catch(() => []);
    for (const name of names.toSorted()) {
      const path = posix.join(folder, name);
      const found = await stat(join(directory, path)).catch(() => null);
      if (found?.isFile()) files.add(path);
      if (!found?.isDirectory() || depth === DEPTH) continue;
      modified.set(path, found.mtimeMs);
      await walk(path, depth + 1);
    }
  };
  await walk('', 1);
  for (const path of TOKENIZERS_ABOVE) {
    if ((await stat(join(directory, path)).catch(() => null))?.isFile()) files.add(path);
  }
  return { title: directory, name: basename(resolve(directory)), files, modified };
}
