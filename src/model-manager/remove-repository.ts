import { rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HubCache } from './hub/hub-cache.js';
import { type HubRepository, hubTitle } from './hub/hub-name.js';
import { PullLock } from './hub/pull-lock.js';
import { ModelError } from './model-error.js';

/** Takes a repository out of the Hub's cache, all its revisions; returns its folder. Throws ModelError. */
export async function removeRepository(cacheFolder: string, repository: HubRepository): Promise<string> {
  const cache = new HubCache(cacheFolder, repository);
  const title = hubTitle({ ...repository, revision: 'main' });
  if (!(await stat(cache.folder).catch(() => null))) throw new ModelError(`${title} is not in ${cacheFolder}`);
  const lock = new PullLock(cache.lock);
  await lock
    .acquire(AbortSignal.timeout(LOCK_MS), async () => {})
    .catch((error: unknown) => {
      if ((error as Error).name !== 'TimeoutError') throw error;
      throw new ModelError(`${title} is being downloaded by another process`);
    });
  await rm(cache.folder, { recursive: true, force: true });
  await lock.release();
  await rm(dirname(cache.lock), { recursive: true, force: true });
  return cache.folder;
}

/** A dead owner's lock is seen to be so within this time. */
const LOCK_MS = 15_000;
