import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../config/settings.js';
import { readTree } from '../model-manager/checkpoint/checkpoint-tree.js';
import { chooseCheckpoint } from '../model-manager/checkpoint/choose-checkpoint.js';
import { cachedRepositories } from '../model-manager/cached-repositories.js';
import { hubCacheFolder } from '../model-manager/hub/hub-location.js';
import { EMBEDDED } from '../model-manager/model-source.js';
import { projectRoot } from '../model-manager/project-root.js';
import { readableBytes } from '../model-manager/readable.js';

/** A line for each model that MODEL could name here: name, size or step, folder. */
export async function list(settings: Settings): Promise<number> {
  const rows: string[][] = [];
  const embedded = join(projectRoot(import.meta.url), 'models', EMBEDDED);
  if (await holdsCheckpoint(embedded)) rows.push([EMBEDDED, '', embedded]);
  const { nanochatDir } = settings;
  for (const name of nanochatDir === null ? [] : await readdir(nanochatDir).catch(() => [])) {
    const folder = join(nanochatDir!, name);
    if (await holdsCheckpoint(folder)) rows.push([name, '', folder]);
  }
  for (const { name, bytes, incomplete, folder } of await cachedRepositories(hubCacheFolder(settings))) {
    const state = incomplete === 0 ? '' : `, ${incomplete} incomplete`;
    rows.push([name, `${readableBytes(bytes)}${state}`, folder]);
  }
  const widths = [0, 1].map((at) => Math.max(0, ...rows.map((row) => row[at]!.length)));
  for (const [name, size, folder] of rows) {
    process.stdout.write(`${name!.padEnd(widths[0]!)}  ${size!.padEnd(widths[1]!)}  ${folder}\n`);
  }
  return 0;
}

async function holdsCheckpoint(folder: string): Promise<boolean> {
  try {
    chooseCheckpoint(await readTree(folder), { source: null, tag: null, step: null });
    return true;
  } catch {
    return false;
  }
}
