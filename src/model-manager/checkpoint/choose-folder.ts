import { posix } from 'node:path';
import { ModelError } from '../model-error.js';
import type { CheckpointTree } from './checkpoint-tree.js';
import { filesOf, isCheckpoint, parentOf } from './layouts.js';

export interface CheckpointChoice {
  /** A stage of training; null for the first that is there. */
  source: keyof typeof STAGES | null;
  tag: string | null;
  /** The highest when null. */
  step: number | null;
}

/** Upstream's folders; its own chat starts with the fine-tuned model, and base models can't chat. */
const STAGES = {
  sft: 'chatsft_checkpoints',
  rl: 'chatrl_checkpoints',
  mid: 'mid_checkpoints',
  base: 'base_checkpoints',
} as const;
const DEPTH_TAG = /^d(\d{1,6})$/;

/**
 * The folder of the checkpoint: the tree's own, else a tag of a stage, else a folder right inside. The tag is the largest
 * d<N>, else the newest. Throws ModelError.
 */
export function chooseFolder(tree: CheckpointTree, { source, tag }: CheckpointChoice): string {
  if (isCheckpoint(filesOf('', tree))) {
    refuseUnlessItself(tree, 'MODEL_TAG', tag, tag === tree.name);
    refuseUnlessItself(tree, 'MODEL_SOURCE', source, source !== null && tree.title.includes(`/${STAGES[source]}/`));
    return '';
  }
  const places = source === null ? [...Object.values(STAGES), ''] : [STAGES[source]];
  for (const place of places) {
    const tags = tagsIn(place, tree).filter((folder) => tag === null || posix.basename(folder) === tag);
    const best = tags.toSorted(byPreference(tree))[0];
    if (best !== undefined) return best;
  }
  throw nothingIn(tree, source, tag);
}

function refuseUnlessItself(tree: CheckpointTree, name: string, value: string | null, applies: boolean): void {
  if (value === null || applies) return;
  throw new ModelError(`${name}=${value} can't apply: ${tree.title} holds a checkpoint itself, not folders of them`);
}

function tagsIn(place: string, tree: CheckpointTree): string[] {
  const folders = new Set([...tree.files].map(parentOf));
  return [...folders].filter(
    (folder) => folder !== '' && parentOf(folder) === place && isCheckpoint(filesOf(folder, tree)),
  );
}

function byPreference({ modified }: CheckpointTree): (a: string, b: string) => number {
  const depth = (folder: string): number => Number(DEPTH_TAG.exec(posix.basename(folder))?.[1] ?? -1);
  const time = (folder: string): number => modified.get(folder) ?? 0;
  return (a, b) => depth(b) - depth(a) || time(b) - time(a) || (a < b ? 1 : -1);
}

function nothingIn(tree: CheckpointTree, source: CheckpointChoice['source'], tag: string | null): ModelError {
  const wanted = [
    ...(source === null ? [] : [`MODEL_SOURCE=${source}`]),
    ...(tag === null ? [] : [`MODEL_TAG=${tag}`]),
  ].join(' and ');
  const places = source === null ? Object.values(STAGES) : [STAGES[source]];
  const half = tree.files.has('config.json') ? "; it has Hugging Face's config.json, but no model.safetensors" : '';
  return new ModelError(
    `no checkpoint in ${tree.title}${wanted && ` for ${wanted}`}: looked for model_<step>.pt and model.safetensors in it, ` +
      `in its folders, and in ${places.join(', ')}${half}`,
  );
}
