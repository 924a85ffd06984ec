import { stat } from 'node:fs/promises';
import { ModelError } from '../model-error.js';
import type { CheckpointFiles } from './checkpoint-files.js';
import { checkConfig, checkIndex, checkSafetensors } from './hugging-face-checks.js';
import { checkMeta, checkNotPointer, checkTorchFile } from './nanochat-checks.js';

export interface Verified {
  bytesDone: number;
  bytesTotal: number;
}

type Check = [path: string, check: (path: string, size: number) => Promise<void>];

/**
 * Checks cheaply that the files are what their names say and whole; the engine looks deeper. Yields after each file.
 * Throws ModelError naming the file.
 */
export async function* verifyCheckpoint(files: CheckpointFiles): AsyncGenerator<Verified> {
  const checks = checksOf(files);
  const sizes = await Promise.all(checks.map(([path]) => sizeOf(path)));
  const bytesTotal = sizes.reduce((sum, size) => sum + size, 0);
  let bytesDone = 0;
  yield { bytesDone, bytesTotal };
  for (const [at, [path, check]] of checks.entries()) {
    const size = sizes[at] ?? 0;
    await check(path, size);
    bytesDone += size;
    yield { bytesDone, bytesTotal };
  }
}

function checksOf({ layout, meta, tokenizer, weights }: CheckpointFiles): Check[] {
  if (layout === 'nanochat') {
    return [[meta, checkMeta], [tokenizer, checkNotPointer], ...weights.map((path): Check => [path, checkTorchFile])];
  }
  return [
    [meta, checkConfig],
    [tokenizer, checkNotPointer],
    ...weights.map((path): Check => [path, path.endsWith('.json') ? checkIndex(weights) : checkSafetensors]),
  ];
}

async function sizeOf(path: string): Promise<number> {
  const { size } = await stat(path);
  if (size === 0) throw new ModelError(`${path} is empty`);
  return size;
}
