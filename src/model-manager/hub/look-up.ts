import { type ChosenCheckpoint, chooseCheckpoint } from '../checkpoint/choose-checkpoint.js';
import type { HubFile } from './hub-file.js';
import type { HubPull } from './hub-pull.js';
import { retrying } from './retrying.js';
import { StallWatch } from './stall-watch.js';

/** What of a repository is to be served, and at which commit. */
export interface LookedUp {
  commit: string;
  chosen: ChosenCheckpoint;
  files: readonly HubFile[];
}

/** Asks the Hub for the commit and its files, and chooses. Throws HubError or ModelError. */
export async function lookUp(pull: HubPull): Promise<LookedUp> {
  const { client, title, choice } = pull;
  const commit = await asked(pull, (signal) => client.commit(signal));
  const listed = await asked(pull, (signal) => client.files(commit, signal));
  const byPath = new Map(listed.map((file) => [file.path, file]));
  const name = title.slice(title.indexOf('/') + 1);
  const chosen = chooseCheckpoint({ title, name, files: new Set(byPath.keys()), modified: new Map() }, choice);
  const paths = [chosen.meta, chosen.tokenizer, ...chosen.weights];
  return { commit, chosen, files: paths.map((path) => byPath.get(path)!) };
}

async function asked<T>(
  { policy, signal, tell, stallMs, title }: HubPull,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return retrying({ policy, signal, gained: () => 0, tell }, async () => {
    const watch = new StallWatch(stallMs, signal, title);
    try {
      return await ask(watch.signal);
    } finally {
      watch.end();
    }
  });
}
