import { posix } from 'node:path';
import { ModelError } from '../model-error.js';
import { chooseFolder, type CheckpointChoice } from './choose-folder.js';
import type { CheckpointTree } from './checkpoint-tree.js';
import { filesOf, type FolderFiles } from './layouts.js';

/** One checkpoint of a tree; all paths from the tree's folder on. */
export interface ChosenCheckpoint {
  layout: 'nanochat' | 'hugging-face';
  folder: string;
  /** meta_<step>.json or config.json. */
  meta: string;
  tokenizer: string;
  /** model_<step>.pt, or model.safetensors, or its index and shards. */
  weights: readonly string[];
  step: number | null;
}

/** The checkpoint that is served, by the engine's own rules, on a disk or in a repository. Throws ModelError. */
export function chooseCheckpoint(tree: CheckpointTree, choice: CheckpointChoice): ChosenCheckpoint {
  const folder = chooseFolder(tree, choice);
  const files = filesOf(folder, tree);
  if (files.models.size > 0) return nanochat(tree, folder, files, choice.step);
  const at = pathOf(tree, folder);
  if (choice.step !== null) {
    throw new ModelError(
      `MODEL_STEP=${choice.step} can't apply: ${at} is in Hugging Face's layout, which has no steps`,
    );
  }
  const tokenizer = posix.join(folder, 'tokenizer.json');
  if (!tree.files.has(tokenizer)) throw new ModelError(`no tokenizer: ${at} has no tokenizer.json`);
  return { layout: 'hugging-face', folder, meta: files.config!, tokenizer, weights: files.safetensors, step: null };
}

function nanochat(
  tree: CheckpointTree,
  folder: string,
  { models, metas }: FolderFiles,
  asked: number | null,
): ChosenCheckpoint {
  const step = asked ?? Math.max(...models.keys());
  const model = models.get(step);
  const meta = metas.get(step);
  const at = pathOf(tree, folder);
  if (model === undefined) {
    throw new ModelError(`no model of MODEL_STEP=${step} in ${at}: it holds the steps ${listed(models)}`);
  }
  if (meta === undefined) {
    const name = `meta_${String(step).padStart(6, '0')}.json`;
    throw new ModelError(`${pathOf(tree, model)} has no ${name} beside it: ${at} holds meta of ${listed(metas)}`);
  }
  return { layout: 'nanochat', folder, meta, tokenizer: tokenizerOf(tree, folder), weights: [model], step };
}

/** Beside the model, or in tokenizer/, or the same one or two folders up. */
function tokenizerOf(tree: CheckpointTree, folder: string): string {
  const places = [folder, posix.join(folder, '..'), posix.join(folder, '../..')];
  const candidates = places.flatMap((place) => [
    posix.join(place, 'tokenizer.pkl'),
    posix.join(place, 'tokenizer/tokenizer.pkl'),
  ]);
  const found = candidates.find((candidate) => tree.files.has(candidate));
  if (found !== undefined) return found;
  const looked = candidates.map((candidate) => pathOf(tree, candidate)).join(', ');
  throw new ModelError(`no tokenizer for ${pathOf(tree, folder)}: looked for ${looked}`);
}

/** As somebody would look for it: below the tree's own path or name. */
export const pathOf = (tree: CheckpointTree, path: string): string => posix.join(tree.title, path);

function listed(found: ReadonlyMap<number, string>): string {
  const shown = [...found.keys()].toSorted((a, b) => a - b).slice(-10);
  return shown.length === 0 ? 'no step' : shown.join(', ');
}
