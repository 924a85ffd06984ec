import { basename } from 'node:path';
import type { Settings } from '../config/settings.js';
import { findCheckpoint } from './checkpoint-files.js';
import { verifyCheckpoint } from './checkpoint-verification.js';
import { ModelError } from './model-error.js';
import type { ModelProgress } from './model-progress.js';
import { findModelSource } from './model-source.js';

export const initialProgress = (source: string): ModelProgress => ({
  state: 'resolving',
  source,
  directory: null,
  modelId: null,
  bytesDone: 0,
  bytesTotal: null,
  reason: null,
});

/** From what MODEL asks for to files that belong together. Ends with `ready` or `failed`; never throws. */
export async function* resolveModel(settings: Settings, projectRoot: string): AsyncGenerator<ModelProgress> {
  let progress = initialProgress(settings.model);
  yield progress;
  try {
    const source = await findModelSource(settings, projectRoot);
    const files = await findCheckpoint(source.directory, { tag: settings.modelTag, step: settings.modelStep });
    const modelId = source.modelId ?? nameOf(files.directory);
    progress = { ...progress, state: 'verifying', directory: files.directory, modelId };
    yield progress;
    for await (const verified of verifyCheckpoint(files)) {
      progress = { ...progress, ...verified };
      yield progress;
    }
    yield { ...progress, state: 'ready' };
  } catch (error) {
    // What the disk refuses (rights, a broken mount) names its file just as our own errors do.
    const reason = error instanceof ModelError ? error.message : `the model can't be read: ${String(error)}`;
    yield { ...progress, state: 'failed', reason };
  }
}

/** A folder's name as a model id: what an OpenAI client may send as `model`. */
const nameOf = (directory: string): string => basename(directory).replace(/[^A-Za-z0-9._-]+/g, '-') || 'nanochat-model';
