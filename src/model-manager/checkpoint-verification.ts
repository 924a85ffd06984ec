import { open, readFile, stat } from 'node:fs/promises';
import type { CheckpointFiles } from './checkpoint-files.js';
import { ModelError } from './model-error.js';

export interface Verified {
  bytesDone: number;
  bytesTotal: number;
}

const MAX_META_BYTES = 16 * 1024 * 1024;
const LFS_POINTER = Buffer.from('version https://git-lfs');
const ZIP_START = Buffer.from('PK\x03\x04');
const ZIP_END = Buffer.from('PK\x05\x06');
/** A zip's last record has at most a comment of 64 KiB behind its 22 bytes. */
const ZIP_END_WITHIN = 64 * 1024 + 22;

/**
 * Checks cheaply that the files are what their names say and whole; the engine looks deeper. Yields after each file.
 * Throws ModelError naming the file.
 */
export async function* verifyCheckpoint(files: CheckpointFiles): AsyncGenerator<Verified> {
  const checks: [string, (path: string, size: number) => Promise<void>][] = [
    [files.meta, checkMeta],
    [files.tokenizer, checkNotPointer],
    [files.model, checkModel],
  ];
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

async function sizeOf(path: string): Promise<number> {
  const { size } = await stat(path);
  if (size === 0) throw new ModelError(`${path} is empty`);
  return size;
}

async function checkMeta(path: string, size: number): Promise<void> {
  if (size > MAX_META_BYTES) throw new ModelError(`${path} is ${size} bytes long, which no meta file is`);
  const config = modelConfig(await readFile(path, 'utf8'));
  if (typeof config !== 'object' || config === null) {
    throw new ModelError(`${path} is not a checkpoint's meta: it is no JSON with a model_config`);
  }
}

function modelConfig(text: string): unknown {
  try {
    const meta: unknown = JSON.parse(text);
    return typeof meta === 'object' && meta !== null && 'model_config' in meta ? meta.model_config : null;
  } catch {
    return null;
  }
}

async function checkModel(path: string, size: number): Promise<void> {
  await checkNotPointer(path);
  const start = await read(path, 0, ZIP_START.length);
  // Only the zip that torch.save writes since 2020 can be seen to be whole from its end.
  if (!start.equals(ZIP_START)) return;
  const end = await read(path, Math.max(0, size - ZIP_END_WITHIN), ZIP_END_WITHIN);
  if (!end.includes(ZIP_END)) throw new ModelError(`${path} is cut: its end is missing (${size} bytes are there)`);
}

async function checkNotPointer(path: string): Promise<void> {
  const start = await read(path, 0, LFS_POINTER.length);
  if (start.equals(LFS_POINTER)) {
    throw new ModelError(`${path} is a Git LFS pointer, not the file itself: run 'git lfs pull' where it came from`);
  }
}

async function read(path: string, position: number, length: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
