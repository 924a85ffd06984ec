import { relative } from 'node:path';
import type { Settings } from '../config/settings.js';
import { verifyBlobs } from '../model-manager/verify-blobs.js';
import { onDisk } from './on-disk.js';

/** A line for each file; 1 when one is not what its checksum says. */
export async function verify(settings: Settings): Promise<number> {
  const directory = await onDisk(settings);
  let bad = 0;
  for await (const { path, whole } of verifyBlobs(directory)) {
    const told = whole === null ? 'no checksum' : whole ? 'ok' : 'WRONG';
    if (whole === false) bad += 1;
    process.stdout.write(`${told.padEnd(11)}  ${relative(directory, path)}\n`);
  }
  if (bad === 0) return 0;
  const { model } = settings;
  process.stderr.write(`${bad} of its files are damaged: npm run model -- remove ${model}, then pull ${model} again\n`);
  return 1;
}
