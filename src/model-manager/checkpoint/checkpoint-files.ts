import { join } from 'node:path';
import type { ChosenCheckpoint } from './choose-checkpoint.js';

/** A checkpoint on this machine's disk; `directory` holds weights and meta. */
export interface CheckpointFiles {
  layout: ChosenCheckpoint['layout'];
  directory: string;
  meta: string;
  tokenizer: string;
  weights: readonly string[];
}

export function filesIn(directory: string, chosen: ChosenCheckpoint): CheckpointFiles {
  return {
    layout: chosen.layout,
    directory: join(directory, chosen.folder),
    meta: join(directory, chosen.meta),
    tokenizer: join(directory, chosen.tokenizer),
    weights: chosen.weights.map((path) => join(directory, path)),
  };
}
