import { createHash } from 'node:crypto';
import type { EngineHealth } from '../python-engine/client/engine-health.js';

/** By the report, of which there is a new one with each poll of an engine's health. */
const known = new WeakMap<EngineHealth, string>();

/** The same for the same model on the same kind of engine: with it, a seed can be expected to repeat an answer. */
export function systemFingerprint(engine: EngineHealth): string {
  let fingerprint = known.get(engine);
  if (fingerprint === undefined) known.set(engine, (fingerprint = fingerprintOf(engine)));
  return fingerprint;
}

function fingerprintOf({ version, device, dtype, kernel, quantization, batchInvariant, model }: EngineHealth): string {
  const computed = [version, device, dtype, kernel, quantization, batchInvariant];
  const told = JSON.stringify([...computed, model?.id, model?.generation, model?.parameters]);
  return `fp_${createHash('sha256').update(told).digest('hex').slice(0, 12)}`;
}
