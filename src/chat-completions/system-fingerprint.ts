import { createHash } from 'node:crypto';
import type { EngineHealth } from '../python-engine/client/engine-health.js';

/** The same for the same model on the same kind of engine: with it, a seed can be expected to repeat an answer. */
export function systemFingerprint(engine: EngineHealth): string {
  const { version, device, dtype, kernel, batchInvariant, model } = engine;
  const parts = [version, device, dtype, kernel, batchInvariant, model?.id, model?.generation, model?.parameters];
  return `fp_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)}`;
}
