import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BlobChecksum } from './blob-checksum.js';
import { final, passing } from './hub-error.js';
import type { HubFile } from './hub-file.js';
import type { OpenedFile } from './hub-client.js';
import { StallWatch } from './stall-watch.js';

export interface BlobSource {
  file: HubFile;
  /** For messages. */
  title: string;
  incomplete: string;
  blob: string;
  stallMs: number;
  open: (from: number, signal: AbortSignal) => Promise<OpenedFile>;
  /** How many bytes of the file are on the disk, whenever that changes, and how many have just come. */
  onBytes: (bytes: number, fresh: number) => void;
  tell: (note: string | null) => void;
}

const READ_BYTES = 1 << 20;

/** One file on its way into the cache. An attempt that fails leaves what it got for the next one. */
export class BlobDownload {
  private checksum: BlobChecksum | null = null;
  private bytes = 0;
  private corruptions = 0;
  private furthest = 0;

  constructor(private readonly source: BlobSource) {}

  /** The most bytes that any attempt has got to: those of a corrupted file are no gain twice. */
  get gained(): number {
    return this.furthest;
  }

  /** Throws HubError; passing ones are worth another attempt. */
  async attempt(signal: AbortSignal): Promise<void> {
    const { incomplete, blob, file } = this.source;
    await mkdir(dirname(incomplete), { recursive: true });
    const handle = await open(incomplete, 'a+');
    try {
      if (this.checksum === null) await this.takeUp(handle, signal);
      do {
        if (this.bytes < file.size) await this.fetch(handle, signal);
      } while (!(await this.isVerified(handle)));
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(incomplete, blob);
  }

  /** Counts what an earlier process has left. */
  private async takeUp(handle: FileHandle, signal: AbortSignal): Promise<void> {
    const { size } = await handle.stat();
    await this.restart(handle, size > this.source.file.size);
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    while (this.bytes < size && size <= this.source.file.size) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, this.bytes);
      if (bytesRead === 0) break;
      this.count(buffer.subarray(0, bytesRead), 0);
    }
  }

  private async fetch(handle: FileHandle, signal: AbortSignal): Promise<void> {
    const { file, title, stallMs } = this.source;
    const watch = new StallWatch(stallMs, signal, title);
    try {
      const { start, body } = await this.source.open(this.bytes, watch.signal);
      if (start < this.bytes) await this.restart(handle, true);
      for await (const chunk of body) {
        watch.touch();
        await this.write(handle, chunk);
        watch.touch();
        if (this.bytes > file.size) break;
      }
    } catch (error) {
      signal.throwIfAborted();
      watch.signal.throwIfAborted();
      throw error instanceof TypeError || typeof error === 'string'
        ? passing(`${title}: the connection was cut after ${this.bytes} of ${file.size} bytes`)
        : error;
    } finally {
      watch.end();
    }
    if (this.bytes < file.size) throw passing(`${title}: it ended after ${this.bytes} of ${file.size} bytes`);
  }

  private async write(handle: FileHandle, chunk: Uint8Array): Promise<void> {
    const { bytesWritten } = await handle.write(chunk);
    this.count(chunk.subarray(0, bytesWritten), bytesWritten);
    if (bytesWritten < chunk.length) await this.write(handle, chunk.subarray(bytesWritten));
  }

  /** False when it was corrupted and is to be fetched once more. */
  private async isVerified(handle: FileHandle): Promise<boolean> {
    const { title, file, tell } = this.source;
    const { kind, hex } = file.checksum;
    if (this.bytes === file.size && this.checksum?.matches()) return true;
    await this.restart(handle, true);
    this.corruptions += 1;
    const words = `${title}: what came has not the checksum that the Hub gives for it (${kind} ${hex})`;
    if (this.corruptions > 1) throw final(`${words}, twice; nothing of it was kept. See HF_ENDPOINT and the proxies`);
    tell(`${words}; it is fetched once more`);
    return false;
  }

  private async restart(handle: FileHandle, empty: boolean): Promise<void> {
    if (empty) await handle.truncate(0);
    this.checksum = new BlobChecksum(this.source.file);
    this.bytes = 0;
    this.source.onBytes(0, 0);
  }

  private count(bytes: Uint8Array, fresh: number): void {
    this.checksum?.add(bytes);
    this.bytes += bytes.length;
    this.furthest = Math.max(this.furthest, this.bytes);
    this.source.onBytes(this.bytes, fresh);
  }
}
