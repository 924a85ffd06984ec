import type { Settings } from '../config/settings.js';
import { ModelError } from '../model-manager/model-error.js';
import { projectRoot } from '../model-manager/project-root.js';
import { readableBytes } from '../model-manager/readable.js';
import { type CheckpointInfo, checkpointInfo } from '../python-engine/process/checkpoint-info.js';
import { onDisk } from './on-disk.js';

/** What the model is and what memory it takes, as the engine reads it from the files. */
export async function info(settings: Settings): Promise<number> {
  const directory = await onDisk(settings);
  const told = await checkpointInfo(settings, projectRoot(import.meta.url), directory).catch((failure: unknown) => {
    throw new ModelError((failure as Error).message);
  });
  const rows = [['model', settings.model], ['folder', directory], ...rowsOf(told)];
  for (const [name, value] of rows) process.stdout.write(`${name!.padEnd(11)}  ${value}\n`);
  return 0;
}

const count = (value: number): string => value.toLocaleString('en-GB');

function rowsOf(told: CheckpointInfo): string[][] {
  return [
    ['layout', told.step === null ? told.layout : `${told.layout}, step ${told.step}`],
    ['generation', told.generation],
    ['parameters', `${count(told.parameters)} in ${told.layers} layers of width ${told.width}`],
    ['context', `${count(told.context_length)} tokens`],
    ['vocabulary', `${count(told.vocab_size)} tokens`],
    ['on disk', readableBytes(told.size_on_disk)],
    ...Object.entries(told.memory).map(([dtype, memory]) => [
      dtype,
      `${readableBytes(memory.weights)} of weights, ${count(memory.cache_per_token)} bytes of cache a token, ` +
        `${readableBytes(memory.with_one_context)} with one full context`,
    ]),
  ];
}
