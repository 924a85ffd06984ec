import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Settings } from '../config/settings.js';
import { ModelError } from './model-error.js';

export interface ModelSource {
  directory: string;
  /** Set when the source has a name of its own; else the folder of the checkpoint gives it. */
  modelId: string | null;
}

const EMBEDDED = 'embedded';

/** What MODEL means: the checkpoint that comes with the project, or a folder. */
export async function findModelSource(settings: Settings, projectRoot: string): Promise<ModelSource> {
  const { model, nanochatDir } = settings;
  if (model === EMBEDDED) {
    return { directory: join(projectRoot, 'models', EMBEDDED), modelId: `nanochat-${EMBEDDED}` };
  }
  const places = [resolve(model.replace(/^~(?=\/|$)/, homedir()))];
  if (nanochatDir !== null && !isAbsolute(model)) places.push(resolve(nanochatDir, model));
  for (const directory of places) {
    const found = await stat(directory).catch(() => null);
    if (found?.isDirectory()) return { directory, modelId: null };
    if (found !== null) throw new ModelError(`MODEL=${model}: ${directory} is a file; name the folder that holds it`);
  }
  throw new ModelError(`MODEL=${model} is neither '${EMBEDDED}' nor a folder: looked for ${places.join(' and ')}`);
}
