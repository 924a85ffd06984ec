import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ModelError } from './model-error.js';

/** The three files that are served; `directory` holds model and meta. */
export interface CheckpointFiles {
  directory: string;
  model: string;
  meta: string;
  tokenizer: string;
  step: number;
}

export interface CheckpointChoice {
  tag: string | null;
  /** The highest when null. */
  step: number | null;
}

const STAGES = ['chatsft_checkpoints', 'chatrl_checkpoints', 'mid_checkpoints', 'base_checkpoints'];
const MODEL_NAME = /^model_(\d{1,12})\.pt$/;
const META_NAME = /^meta_(\d{1,12})\.json$/;
const DEPTH_TAG = /^d(\d{1,6})$/;

/**
 * Finds a checkpoint by the engine's own rules: in the folder itself, else in upstream's base directory
 * (chatsft, chatrl, mid, base), else in tags right inside the folder; the tag is the largest d<N>, else the newest. The
 * tokenizer is beside the model, or in tokenizer/, or the same one or two folders up. Throws ModelError.
 */
export async function findCheckpoint(directory: string, choice: CheckpointChoice): Promise<CheckpointFiles> {
  const folder = await modelFolder(directory, choice.tag);
  const { model, meta, step } = await modelAndMeta(folder, choice.step);
  return { directory: folder, model, meta, tokenizer: await tokenizerOf(folder), step };
}

async function modelFolder(directory: string, tag: string | null): Promise<string> {
  if (!(await isDirectory(directory))) throw new ModelError(`${directory} is not a folder`);
  if ((await steps(directory, MODEL_NAME)).size > 0) {
    if (tag === null || tag === basename(directory)) return directory;
    throw new ModelError(`MODEL_TAG=${tag} can't apply: ${directory} holds a checkpoint itself, not folders of them`);
  }
  const places = [...STAGES.map((stage) => join(directory, stage)), directory];
  for (const place of places) {
    const tags = (await tagsIn(place)).filter(({ name }) => tag === null || name === tag);
    const best = tags.toSorted(byPreference)[0];
    if (best !== undefined) return best.folder;
  }
  const wanted = tag === null ? '' : ` for MODEL_TAG=${tag}`;
  const huggingFace = await isFile(join(directory, 'config.json'));
  throw new ModelError(
    `no checkpoint in ${directory}${wanted}: looked for model_<step>.pt in it, in its folders, and in ${STAGES.join(', ')}` +
      (huggingFace ? "; it holds Hugging Face's layout (config.json), which is not served" : ''),
  );
}

async function modelAndMeta(
  folder: string,
  asked: number | null,
): Promise<{ model: string; meta: string; step: number }> {
  const [models, metas] = await Promise.all([steps(folder, MODEL_NAME), steps(folder, META_NAME)]);
  const step = asked ?? Math.max(...models.keys());
  const model = models.get(step);
  const meta = metas.get(step);
  if (model === undefined) {
    throw new ModelError(`no model of MODEL_STEP=${step} in ${folder}: it holds the steps ${listed(models)}`);
  }
  if (meta === undefined) {
    const name = `meta_${String(step).padStart(6, '0')}.json`;
    throw new ModelError(`${model} has no ${name} beside it: ${folder} holds meta of ${listed(metas)}`);
  }
  return { model, meta, step };
}

async function tokenizerOf(folder: string): Promise<string> {
  const places = [folder, dirname(folder), dirname(dirname(folder))];
  const candidates = places.flatMap((place) => [
    join(place, 'tokenizer.pkl'),
    join(place, 'tokenizer', 'tokenizer.pkl'),
  ]);
  for (const candidate of candidates) if (await isFile(candidate)) return candidate;
  throw new ModelError(`no tokenizer for ${folder}: looked for ${candidates.join(', ')}`);
}

interface Tag {
  name: string;
  folder: string;
  depth: number;
  modified: number;
}

async function tagsIn(place: string): Promise<Tag[]> {
  if (!(await isDirectory(place))) return [];
  const tags: Tag[] = [];
  for (const name of await readdir(place)) {
    const folder = join(place, name);
    if (STAGES.includes(name) || !(await isDirectory(folder))) continue;
    if ((await steps(folder, MODEL_NAME)).size === 0) continue;
    const depth = Number(DEPTH_TAG.exec(name)?.[1] ?? -1);
    tags.push({ name, folder, depth, modified: (await stat(folder)).mtimeMs });
  }
  return tags;
}

const byPreference = (a: Tag, b: Tag): number =>
  b.depth - a.depth || b.modified - a.modified || (a.name < b.name ? 1 : -1);

/** Files of a folder by their step. */
async function steps(folder: string, pattern: RegExp): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const name of (await readdir(folder)).toSorted()) {
    const step = pattern.exec(name)?.[1];
    if (step !== undefined && (await isFile(join(folder, name)))) found.set(Number(step), join(folder, name));
  }
  return found;
}

function listed(found: Map<number, string>): string {
  const shown = [...found.keys()].toSorted((a, b) => a - b).slice(-10);
  return shown.length === 0 ? 'no step' : shown.join(', ');
}

const isDirectory = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isDirectory() ?? false;
const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isFile() ?? false;
