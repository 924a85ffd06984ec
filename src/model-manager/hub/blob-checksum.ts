import { createHash, type Hash } from 'node:crypto';
import type { HubFile } from './hub-file.js';

/** A file's checksum as the Hub counts it: SHA-256 of what lies in LFS, Git's own of the rest. */
export class BlobChecksum {
  private readonly hash: Hash;

  constructor(private readonly file: Pick<HubFile, 'size' | 'checksum'>) {
    const { kind } = file.checksum;
    this.hash = createHash(kind === 'git' ? 'sha1' : 'sha256');
    if (kind === 'git') this.hash.update(`blob ${file.size}\0`);
  }

  add(bytes: Uint8Array): void {
    this.hash.update(bytes);
  }

  /** Ends the count: to be asked once. */
  matches(): boolean {
    return this.hash.digest('hex') === this.file.checksum.hex;
  }
}
