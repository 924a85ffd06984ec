import { basename } from 'node:path';
import { ModelError } from '../model-error.js';
import { checkNotPointer } from './nanochat-checks.js';
import { jsonObject, readJsonObject, readPart } from './read-part.js';

/** Safetensors: the header's length in 8 bytes, the header in JSON, then the tensors up to the largest offset. */
const LENGTH_BYTES = 8;
/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;

export async function checkConfig(path: string): Promise<void> {
  const config = await readJsonObject(path);
  if (config === null) throw new ModelError(`${path} is no JSON object`);
  if (config['model_type'] === 'nanochat') return;
  const architectures = config['architectures'];
  if (Array.isArray(architectures) && architectures.includes('NanoChatForCausalLM')) return;
  const told = JSON.stringify(config['model_type'] ?? architectures ?? 'nothing');
  throw new ModelError(`${path} is not nanochat's: it says ${told}, and NanoChatForCausalLM is served`);
}

/** Every shard that the index names lies beside it. */
export function checkIndex(weights: readonly string[]): (path: string) => Promise<void> {
  return async (path) => {
    const map = (await readJsonObject(path))?.['weight_map'];
    if (typeof map !== 'object' || map === null) throw new ModelError(`${path} is no index: it has no weight_map`);
    const there = new Set(weights.map((file) => basename(file)));
    const missing = new Set(Object.values(map as Record<string, unknown>).filter((name) => !there.has(String(name))));
    if (missing.size > 0) throw new ModelError(`${path} names ${[...missing].join(', ')}, which is not there`);
  };
}

export async function checkSafetensors(path: string, size: number): Promise<void> {
  await checkNotPointer(path);
  const start = await readPart(path, 0, LENGTH_BYTES);
  const headerBytes = start.length === LENGTH_BYTES ? Number(start.readBigUInt64LE()) : Infinity;
  const header =
    headerBytes <= Math.min(size, MAX_HEADER_BYTES) ? await readPart(path, LENGTH_BYTES, headerBytes) : null;
  const tensors = header === null ? null : jsonObject(header.toString('utf8'));
  if (tensors === null) throw new ModelError(`${path} is no safetensors file, or cut: its header can't be read`);
  const whole = LENGTH_BYTES + headerBytes + Math.max(0, ...Object.values(tensors).map(endOf));
  if (size !== whole) throw new ModelError(`${path} is ${size} bytes long; its header speaks of ${whole}`);
}

function endOf(tensor: unknown): number {
  const offsets = (tensor as { data_offsets?: unknown } | null)?.data_offsets;
  return Array.isArray(offsets) && typeof offsets[1] === 'number' ? offsets[1] : 0;
}
