import type { Settings } from '../config/settings.js';
import { hubCacheFolder } from '../model-manager/hub/hub-location.js';
import { ModelError } from '../model-manager/model-error.js';
import { findModelSource } from '../model-manager/model-source.js';
import { projectRoot } from '../model-manager/project-root.js';
import { removeRepository } from '../model-manager/remove-repository.js';

/** Only what pull has brought: a folder of somebody's is not ours to remove. */
export async function remove(settings: Settings): Promise<number> {
  const source = await findModelSource(settings, projectRoot(import.meta.url));
  if (source.kind === 'directory')
    throw new ModelError(`${source.directory} is no model of the Hub's cache; nothing is removed`);
  const folder = await removeRepository(hubCacheFolder(settings), source.repository);
  process.stdout.write(`removed ${folder}\n`);
  return 0;
}
