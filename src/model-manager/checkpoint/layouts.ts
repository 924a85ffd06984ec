import { posix } from 'node:path';
import type { CheckpointTree } from './checkpoint-tree.js';

const MODEL_NAME = /^model_(\d{1,12})\.pt$/;
const META_NAME = /^meta_(\d{1,12})\.json$/;
const SHARD_NAME = /^model-\d{5}-of-\d{5}\.safetensors$/;

/** The files of one folder, by their place in a layout. */
export interface FolderFiles {
  /** Paths by step. */
  models: ReadonlyMap<number, string>;
  metas: ReadonlyMap<number, string>;
  /** Hugging Face's: model.safetensors alone, or the index and its shards. */
  safetensors: readonly string[];
  config: string | null;
}

export function filesOf(folder: string, tree: CheckpointTree): FolderFiles {
  const inside = [...tree.files].filter((path) => parentOf(path) === folder).toSorted();
  const named = (name: string): string[] => inside.filter((path) => posix.basename(path) === name);
  const whole = named('model.safetensors');
  const index = named('model.safetensors.index.json');
  const shards = inside.filter((path) => SHARD_NAME.test(posix.basename(path)));
  return {
    models: bySteps(inside, MODEL_NAME),
    metas: bySteps(inside, META_NAME),
    safetensors: whole.length > 0 ? whole : index.length > 0 ? [...index, ...shards] : [],
    config: named('config.json')[0] ?? null,
  };
}

export const isCheckpoint = ({ models, safetensors, config }: FolderFiles): boolean =>
  models.size > 0 || (config !== null && safetensors.length > 0);

/** '' for a file of the folder itself. */
export function parentOf(path: string): string {
  const parent = posix.dirname(path);
  return parent === '.' ? '' : parent;
}

function bySteps(paths: readonly string[], pattern: RegExp): Map<number, string> {
  const found = new Map<number, string>();
  for (const path of paths) {
    const step = pattern.exec(posix.basename(path))?.[1];
    if (step !== undefined) found.set(Number(step), path);
  }
  return found;
}
