import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { HubFile } from './hub-file.js';
import type { HubRepository } from './hub-name.js';

/** One repository in the Hub's own cache: blobs by checksum, refs, and snapshots of links to the blobs. */
export class HubCache {
  readonly folder: string;
  /** Beside the locks of the Hub's other tools, whose kind of lock Node has not. */
  readonly lock: string;

  constructor(
    root: string,
    private readonly repository: HubRepository,
  ) {
    const name = `models--${repository.name.replace('/', '--')}`;
    this.folder = join(root, name);
    this.lock = join(root, '.locks', name, 'nanochat-server.lock');
  }

  blob({ checksum }: HubFile): string {
    return join(this.folder, 'blobs', checksum.hex);
  }

  incomplete(file: HubFile): string {
    return `${this.blob(file)}.incomplete`;
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  /** The commit that the revision was when it was last asked for, null when it never was. */
  async knownCommit(): Promise<string | null> {
    const { revision } = this.repository;
    if (/^[0-9a-f]{40}$/.test(revision)) return revision;
    const commit = await readFile(join(this.folder, 'refs', revision), 'utf8').catch(() => '');
    return /^[0-9a-f]{40}$/.test(commit.trim()) ? commit.trim() : null;
  }

  async remember(commit: string): Promise<void> {
    const { revision } = this.repository;
    if (revision === commit || (await this.knownCommit()) === commit) return;
    const path = join(this.folder, 'refs', revision);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.${process.pid}`, commit);
    await rename(`${path}.${process.pid}`, path);
  }

  /** Whether the snapshot has the file, whole by its size; its checksum was right when it got its name. */
  async has(file: HubFile, commit: string): Promise<boolean> {
    return (await sizeOf(join(this.snapshot(commit), file.path))) === file.size;
  }

  async hasBlob(file: HubFile): Promise<boolean> {
    return (await sizeOf(this.blob(file))) === file.size;
  }

  /** Bytes of the file that are on the disk already. */
  async bytesOf(file: HubFile): Promise<number> {
    const size = (await sizeOf(this.blob(file))) ?? (await sizeOf(this.incomplete(file))) ?? 0;
    return Math.min(size, file.size);
  }

  /** Puts the file's name in the snapshot, in one step. */
  async link(file: HubFile, commit: string): Promise<void> {
    const path = join(this.snapshot(commit), file.path);
    await mkdir(dirname(path), { recursive: true });
    const made = `${path}.${process.pid}`;
    await rm(made, { force: true });
    await symlink(relative(dirname(path), this.blob(file)), made);
    await rename(made, path);
  }
}

const sizeOf = async (path: string): Promise<number | null> => (await stat(path).catch(() => null))?.size ?? null;
