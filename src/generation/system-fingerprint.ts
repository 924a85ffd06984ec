import { createHash } from 'node:crypto';
import type { EngineHealth } from '../python-engine/client/engine-health.js';

/** Of the engine asked about last: nearly always the same one, told anew by each poll of its health. */
let last = { told: '', fingerprint: '' };

/** The same for the same model on the same kind of engine: with it, a seed can be expected to repeat an answer. */
export function systemFingerprint({
  version,
  device,
  dtype,
  kernel,
  quantization,
  batchInvariant,
  model,
}: EngineHealth): string {
  const computed = [version, device, dtype, kernel, quantization, batchInvariant];
  const told = JSON.stringify([...computed, model?.id, model?.generation, model?.parameters]);
  if (told !== last.told)
    last = { told, fingerprint: `fp_${createHash('sha256').update(told).digest('hex').slice(0, 12)}` };
  return last.fingerprint;
}
