import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const golden = fileURLToPath(new URL('../../python/tests/fixtures/golden/', import.meta.url));

/** One file as the Hub keeps it: large ones in LFS, known by SHA-256; the others in Git, known by Git's checksum. */
export class HubRepositoryFile {
  readonly sha256: string;
  readonly oid: string;
  readonly isLfs: boolean;

  constructor(
    readonly path: string,
    readonly content: Buffer,
  ) {
    this.isLfs = /\.(pt|pkl|safetensors)$/.test(path);
    this.sha256 = createHash('sha256').update(content).digest('hex');
    const inGit = this.isLfs ? Buffer.from(`version https://git-lfs\noid sha256:${this.sha256}\n`) : content;
    this.oid = createHash('sha1').update(`blob ${inGit.length}\0`).update(inGit).digest('hex');
  }

  get etag(): string {
    return this.isLfs ? this.sha256 : this.oid;
  }

  /** An entry of the Hub's tree. */
  get entry(): Record<string, unknown> {
    const lfs = { oid: this.sha256, size: this.content.length, pointerSize: 130 };
    const { path, oid, content, isLfs } = this;
    return { type: 'file', path, oid, size: content.length, ...(isLfs ? { lfs } : {}) };
  }
}

/** A repository at one commit; `main` is the only branch. */
export class HubRepository {
  readonly commit: string;
  readonly files: ReadonlyMap<string, HubRepositoryFile>;

  constructor(
    readonly name: string,
    contents: Record<string, string | Buffer>,
  ) {
    const files = Object.entries(contents).map(([path, content]) => new HubRepositoryFile(path, Buffer.from(content)));
    this.files = new Map(files.map((file) => [file.path, file]));
    const sum = createHash('sha1').update(name);
    for (const { path, etag } of files) sum.update(`${path} ${etag}\n`);
    this.commit = sum.digest('hex');
  }

  /** A golden checkpoint, below `folder` where one is named, beside files that nobody needs. */
  static golden(name: string, generation = '2025-10', folder = ''): HubRepository {
    const contents: Record<string, string | Buffer> = { 'README.md': '# golden', 'extra.pt': 'not needed' };
    for (const file of readdirSync(`${golden}${generation}`)) {
      contents[`${folder}${file}`] = readFileSync(`${golden}${generation}/${file}`);
    }
    return new HubRepository(name, contents);
  }

  file(path: string): HubRepositoryFile {
    const file = this.files.get(path);
    if (file === undefined) throw new Error(`${this.name} has no ${path}`);
    return file;
  }
}
