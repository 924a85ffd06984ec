import { BlobDownload } from './blob-download.js';
import { checkFreeDisk, explainDisk } from './free-disk.js';
import type { HubFile } from './hub-file.js';
import type { HubPull } from './hub-pull.js';
import { inParallel } from './in-parallel.js';
import type { LookedUp } from './look-up.js';
import { PullLock } from './pull-lock.js';
import { retrying } from './retrying.js';
import { TransferMeter } from './transfer-meter.js';

/** Progress is told this often, also while nothing comes: the rate falls then. */
const TELL_MS = 200;

/** Brings the files that are missing into the cache; alone, if several processes want them. Throws HubError. */
export async function downloadFiles(pull: HubPull, { commit, files }: LookedUp): Promise<void> {
  const { cache, signal, tell } = pull;
  if (await haveAll(pull, files, commit)) return cache.remember(commit);
  const lock = new PullLock(cache.lock);
  const progress = new Progress(pull, files);
  try {
    await lock.acquire(signal, async () => {
      tell('another process downloads it');
      await progress.look();
    });
    tell(null);
    await progress.look();
    await fetchMissing(pull, { commit, files }, progress);
    for (const file of files) await cache.link(file, commit);
    await cache.remember(commit);
  } catch (error) {
    throw explainDisk(error, cache.folder);
  } finally {
    progress.end();
    await lock.release().catch(() => {});
  }
}

async function haveAll({ cache }: HubPull, files: readonly HubFile[], commit: string): Promise<boolean> {
  return (await Promise.all(files.map((file) => cache.has(file, commit)))).every(Boolean);
}

async function fetchMissing(
  pull: HubPull,
  { commit, files }: Pick<LookedUp, 'commit' | 'files'>,
  progress: Progress,
): Promise<void> {
  const { cache, client, title, concurrency, policy, stallMs, tell } = pull;
  const missing: HubFile[] = [];
  for (const file of files) if (!(await cache.hasBlob(file))) missing.push(file);
  const onDisk = await Promise.all(missing.map((file) => cache.bytesOf(file)));
  const needed = missing.reduce((sum, { size }, at) => sum + size - (onDisk[at] ?? 0), 0);
  if (needed > 0) await checkFreeDisk(cache.folder, needed, title);
  // The small ones first: what is wrong with them is known before gigabytes have come.
  const ordered = missing.toSorted((a, b) => a.size - b.size);
  await inParallel(ordered, concurrency, pull.signal, async (file, signal) => {
    const download = new BlobDownload({
      ...{ file, title: `${title}, ${file.path}`, stallMs, tell },
      ...{ incomplete: cache.incomplete(file), blob: cache.blob(file) },
      open: (from, stalled) => client.open(file, commit, from, stalled),
      onBytes: (bytes, fresh) => progress.set(file, bytes, fresh),
    });
    await retrying({ policy, signal, tell, gained: () => download.gained }, () => download.attempt(signal));
  });
  progress.report();
}

/** Bytes of all files, told to whoever watches. */
class Progress {
  private readonly meter: TransferMeter;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly pull: HubPull,
    private readonly files: readonly HubFile[],
  ) {
    this.meter = new TransferMeter(files.reduce((sum, { size }) => sum + size, 0));
    this.timer = setInterval(() => this.report(), TELL_MS);
  }

  /** What the disk says, whoever put it there. */
  async look(): Promise<void> {
    for (const file of this.files) this.meter.set(file.path, await this.pull.cache.bytesOf(file));
    this.report();
  }

  set(file: HubFile, bytes: number, fresh: number): void {
    this.meter.set(file.path, bytes, fresh);
  }

  report(): void {
    this.pull.onTransfer(this.meter.read());
  }

  end(): void {
    clearInterval(this.timer);
  }
}
