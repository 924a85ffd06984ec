import type { Settings } from '../config/settings.js';
import { type CheckpointFiles, filesIn } from './checkpoint/checkpoint-files.js';
import { readTree } from './checkpoint/checkpoint-tree.js';
import { chooseCheckpoint } from './checkpoint/choose-checkpoint.js';
import type { CheckpointChoice } from './checkpoint/choose-folder.js';
import { downloadFiles } from './hub/download-files.js';
import { HubCache } from './hub/hub-cache.js';
import { HubClient } from './hub/hub-client.js';
import { HubError } from './hub/hub-error.js';
import { HubHttp } from './hub/hub-http.js';
import { hubCacheFolder, hubToken } from './hub/hub-location.js';
import { type HubRepository, hubTitle } from './hub/hub-name.js';
import type { HubPull } from './hub/hub-pull.js';
import { lookUp, type LookedUp } from './hub/look-up.js';
import { ModelError } from './model-error.js';

export interface HubResolution {
  settings: Settings;
  choice: CheckpointChoice;
  signal: AbortSignal;
  onTransfer: HubPull['onTransfer'];
  tell: HubPull['tell'];
  warn: (message: string) => void;
}

/** A repository's checkpoint on this disk: as the Hub has it now, or as the cache has it where the Hub can't be asked. */
export async function resolveHub(repository: HubRepository, resolution: HubResolution): Promise<CheckpointFiles> {
  const { settings, choice, warn } = resolution;
  const cache = new HubCache(hubCacheFolder(settings), repository);
  const title = hubTitle(repository);
  const cached = await inCache(cache, repository, choice);
  if (settings.hfHubOffline) {
    if (cached instanceof ModelError) throw cached;
    return cached;
  }
  const { hfEndpoint: endpoint, environment } = settings;
  const http = new HubHttp({ endpoint, token: await hubToken(settings), environment });
  // With something to serve, an unreachable Hub is not worth a long wait.
  const retries = cached instanceof ModelError ? settings.hubRetries : Math.min(1, settings.hubRetries);
  const pull: HubPull = {
    ...{ client: new HubClient(http, endpoint, repository), cache, title, choice, signal: resolution.signal },
    ...{ policy: { retries: settings.hubRetries, firstWaitMs: settings.hubRetrySeconds * 1000 } },
    ...{ stallMs: settings.hubStallSeconds * 1000, concurrency: settings.hubConcurrency },
    ...{ onTransfer: resolution.onTransfer, tell: resolution.tell },
  };
  try {
    const found = await lookUp({ ...pull, policy: { ...pull.policy, retries } }).catch((error: unknown) => {
      if (cached instanceof ModelError || !isUnreachable(error)) throw error;
      warn(`${error.message}; what the cache has of ${title} is served`);
      return null;
    });
    return found === null ? (cached as CheckpointFiles) : await fetched(pull, found);
  } finally {
    await http.close();
  }
}

async function fetched(pull: HubPull, found: LookedUp): Promise<CheckpointFiles> {
  await downloadFiles(pull, found);
  return filesIn(pull.cache.snapshot(found.commit), found.chosen);
}

/** The Hub has not refused: it has not answered, or could not. */
const isUnreachable = (error: unknown): error is HubError =>
  error instanceof HubError && error.cause instanceof HubError && error.cause.again.worthwhile;

/** What the cache can serve without asking, or why it can't. */
async function inCache(
  cache: HubCache,
  repository: HubRepository,
  choice: CheckpointChoice,
): Promise<CheckpointFiles | ModelError> {
  const commit = await cache.knownCommit();
  const title = hubTitle(repository);
  const missing = `${title} is not in the cache (${cache.folder}), and HF_HUB_OFFLINE forbids to download it`;
  if (commit === null) return new ModelError(missing);
  const directory = cache.snapshot(commit);
  try {
    // By name and not by time: the choice is to be the same as with the Hub.
    const tree = { ...(await readTree(directory)), name: repository.name.split('/')[1]!, modified: new Map() };
    return filesIn(directory, chooseCheckpoint(tree, choice));
  } catch (error) {
    if (error instanceof ModelError) return new ModelError(`${missing}: ${error.message}`);
    throw error;
  }
}
