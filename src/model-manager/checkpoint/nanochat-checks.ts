import { ModelError } from '../model-error.js';
import { readJsonObject, readPart } from './read-part.js';

const MAX_META_BYTES = 16 * 1024 * 1024;
const LFS_POINTER = Buffer.from('version https://git-lfs');
const ZIP_START = Buffer.from('PK\x03\x04');
const ZIP_END = Buffer.from('PK\x05\x06');
/** A zip's last record has at most a comment of 64 KiB behind its 22 bytes. */
const ZIP_END_WITHIN = 64 * 1024 + 22;

export async function checkMeta(path: string, size: number): Promise<void> {
  if (size > MAX_META_BYTES) throw new ModelError(`${path} is ${size} bytes long, which no meta file is`);
  const config = (await readJsonObject(path))?.['model_config'];
  if (typeof config !== 'object' || config === null) {
    throw new ModelError(`${path} is not a checkpoint's meta: it is no JSON with a model_config`);
  }
}

export async function checkTorchFile(path: string, size: number): Promise<void> {
  await checkNotPointer(path);
  const start = await readPart(path, 0, ZIP_START.length);
  // Only the zip that torch.save writes since 2020 can be seen to be whole from its end.
  if (!start.equals(ZIP_START)) return;
  const end = await readPart(path, Math.max(0, size - ZIP_END_WITHIN), ZIP_END_WITHIN);
  if (!end.includes(ZIP_END)) throw new ModelError(`${path} is cut: its end is missing (${size} bytes are there)`);
}

export async function checkNotPointer(path: string): Promise<void> {
  const start = await readPart(path, 0, LFS_POINTER.length);
  if (start.equals(LFS_POINTER)) {
    throw new ModelError(`${path} is a Git LFS pointer, not the file itself: run 'git lfs pull' where it came from`);
  }
}
