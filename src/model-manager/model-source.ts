import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Settings } from '../config/settings.js';
import { type HubRepository, parseHubName } from './hub/hub-name.js';
import { ModelError } from './model-error.js';

export type ModelSource =
  { kind: 'directory'; directory: string; modelId: string | null } | { kind: 'hub'; repository: HubRepository };

export const EMBEDDED = 'embedded';
/** What can only be a path: absolute, from here or from home, or with an end of one. */
const PATH_LIKE = /^([/~]|\.{1,2}(\/|$))|[/\\]$/;

/**
 * What MODEL means: the checkpoint that comes with the project, a folder that exists, else a repository of the Hub.
 * Throws ModelError.
 */
export async function findModelSource(settings: Settings, projectRoot: string): Promise<ModelSource> {
  const { model, nanochatDir } = settings;
  const base = baseDirectory(settings);
  if (base !== null) return { kind: 'directory', directory: base, modelId: null };
  if (model === EMBEDDED) {
    const directory = join(projectRoot, 'models', EMBEDDED);
    return { kind: 'directory', directory, modelId: `nanochat-${EMBEDDED}` };
  }
  const places = [resolve(fromHome(model))];
  if (nanochatDir !== null && !isAbsolute(model)) places.push(resolve(fromHome(nanochatDir), model));
  for (const directory of places) {
    const found = await stat(directory).catch(() => null);
    if (found?.isDirectory()) return { kind: 'directory', directory, modelId: null };
    if (found !== null) throw new ModelError(`MODEL=${model}: ${directory} is a file; name the folder that holds it`);
  }
  const repository = PATH_LIKE.test(model) ? null : parseHubName(model);
  if (repository !== null) return { kind: 'hub', repository };
  throw new ModelError(
    `MODEL=${model} is neither '${EMBEDDED}' nor a folder (looked for ${places.join(' and ')}), ` +
      'nor a repository of the Hub such as sdobson/nanochat or karpathy/nanochat-d32@main',
  );
}

/** nanochat's own base directory, for whoever names it or a stage in it and no MODEL. */
function baseDirectory({ environment, nanochatBaseDir, modelSource }: Settings): string | null {
  if (environment['MODEL']?.trim() || (nanochatBaseDir === null && modelSource === null)) return null;
  return resolve(fromHome(nanochatBaseDir ?? '~/.cache/nanochat'));
}

export const fromHome = (path: string): string => path.replace(/^~(?=\/|$)/, homedir());
