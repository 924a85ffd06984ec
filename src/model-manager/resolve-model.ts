import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Settings } from '../config/settings.js';
import { type CheckpointFiles, filesIn } from './checkpoint/checkpoint-files.js';
import { readTree } from './checkpoint/checkpoint-tree.js';
import { chooseCheckpoint } from './checkpoint/choose-checkpoint.js';
import { verifyCheckpoint } from './checkpoint/verify-checkpoint.js';
import { HubError } from './hub/hub-error.js';
import { ModelError } from './model-error.js';
import { initialProgress, type ModelProgress } from './model-progress.js';
import { findModelSource } from './model-source.js';
import { resolveHub } from './resolve-hub.js';

export interface Resolution {
  settings: Settings;
  projectRoot: string;
  signal: AbortSignal;
  emit: (progress: ModelProgress) => void;
  warn: (message: string) => void;
}

/** From what MODEL asks for to files that belong together. Ends with `ready` or `failed`, with neither when it is stopped. */
export async function resolveModel(resolution: Resolution): Promise<void> {
  const { settings, signal, emit } = resolution;
  let progress = initialProgress(settings.model);
  const next = (change: Partial<ModelProgress>): void => emit((progress = { ...progress, ...change }));
  next({});
  try {
    const { files, modelId } = await locate(resolution, next);
    signal.throwIfAborted();
    const still = { rate: null, secondsLeft: null, note: null };
    next({ state: 'verifying', directory: files.directory, modelId, ...still, bytesDone: 0, bytesTotal: null });
    for await (const verified of verifyCheckpoint(files)) next(verified);
    next({ state: 'ready' });
  } catch (error) {
    if (signal.aborted) return;
    next({ state: 'failed', rate: null, secondsLeft: null, note: null, reason: reasonOf(error) });
  }
}

async function locate(
  { settings, projectRoot, signal, warn }: Resolution,
  next: (change: Partial<ModelProgress>) => void,
): Promise<{ files: CheckpointFiles; modelId: string }> {
  const source = await findModelSource(settings, projectRoot);
  const choice = { source: settings.modelSource, tag: settings.modelTag, step: settings.modelStep };
  if (source.kind === 'directory') {
    const { directory, modelId } = source;
    const files = filesIn(directory, chooseCheckpoint(await readTree(directory), choice));
    return { files, modelId: modelId ?? nameOf(await realpath(files.directory)) };
  }
  const files = await resolveHub(source.repository, {
    ...{ settings, choice, signal, warn },
    onTransfer: (transfer) => next({ state: 'downloading', ...transfer }),
    tell: (note) => next({ note }),
  });
  // Without the owner: a name with a slash in it does not fit into /v1/models/NAME.
  return { files, modelId: nameOf(source.repository.name) };
}

/** A folder's name as a model id: what an OpenAI client may send as `model`. */
const nameOf = (directory: string): string => basename(directory).replace(/[^A-Za-z0-9._-]+/g, '-') || 'nanochat-model';

/** What the disk refuses (rights, a broken mount) names its file just as our own errors do. */
const reasonOf = (error: unknown): string =>
  error instanceof ModelError || error instanceof HubError
    ? error.message
    : `the model can't be read: ${String(error)}`;
