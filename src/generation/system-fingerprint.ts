import { createHash } from 'node:crypto';
import type { EngineHealth } from '../python-engine/client/engine-health.js';

/** Each poll of the engine's health is an object of its own, which many requests share. */
const known = new WeakMap<EngineHealth, string>();

/** The same for the same model on the same kind of engine: with it, a seed can be expected to repeat an answer. */
export function systemFingerprint(engine: EngineHealth): string {
  let fingerprint = known.get(engine);
  if (fingerprint === undefined) known.set(engine, (fingerprint = digest(engine)));
  return fingerprint;
}

function digest(engine: EngineHealth): string {
  const { version, device, dtype, kernel, quantization, batchInvariant, model } = engine;
  const computed = [version, device, dtype, kernel, quantization, batchInvariant];
  const parts = [...computed, model?.id, model?.generation, model?.parameters];
  return `fp_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)}`;
}
