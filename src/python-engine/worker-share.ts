import { availableParallelism } from 'node:os';
import type { Settings } from '../config/settings.js';

/** What one of several workers gets of the machine; null is left to the engine. */
export interface WorkerShare {
  device: string;
  threads: number | null;
  /** Workers on the same device, itself included: they divide the memory that caches take. */
  deviceWorkers: number;
}

/** One worker a device where devices are named, else WORKERS of one kind; none by default where engines run elsewhere. */
export function workerCount({ devices, workers, engineUrls }: Settings): number {
  if (devices.length === 0 && workers === null) return engineUrls.length === 0 ? 1 : 0;
  return Math.max(devices.length, workers ?? 1);
}

/** Several workers divide the processors; each alone would take all of them, and all would wait for one another. */
export function workerShare(settings: Settings, index: number, processors = availableParallelism()): WorkerShare {
  const { devices, device, engineThreads } = settings;
  const count = workerCount(settings);
  const fair = count === 1 ? null : Math.max(1, Math.floor(processors / count));
  const deviceOf = (worker: number): string =>
    devices.length === 0 ? device : devices[worker % devices.length]!.toLowerCase();
  const own = deviceOf(index);
  const beside = Array.from({ length: count }, (_, worker) => deviceOf(worker)).filter((other) => same(other, own));
  return { device: own, threads: engineThreads ?? fair, deviceWorkers: beside.length };
}

/** `cuda` without a number is the first. */
const same = (one: string, other: string): boolean =>
  one.replace(/^cuda$/, 'cuda:0') === other.replace(/^cuda$/, 'cuda:0');
