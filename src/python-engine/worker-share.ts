import { availableParallelism } from 'node:os';
import type { Settings } from '../config/settings.js';

/** What one of several workers gets of the machine; null is left to the engine. */
export interface WorkerShare {
  device: string;
  threads: number | null;
}

/** One worker a device where devices are named, else WORKERS of one kind. */
export const workerCount = ({ devices, workers }: Settings): number => Math.max(devices.length, workers);

/** Several workers divide the processors; each alone would take all of them, and all would wait for one another. */
export function workerShare(settings: Settings, index: number, processors = availableParallelism()): WorkerShare {
  const { devices, device, engineThreads } = settings;
  const count = workerCount(settings);
  const fair = count === 1 ? null : Math.max(1, Math.floor(processors / count));
  const own = devices.length === 0 ? device : devices[index % devices.length]!.toLowerCase();
  return { device: own, threads: engineThreads ?? fair };
}
