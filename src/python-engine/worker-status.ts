import type { EngineHealth, EngineModel } from './client/engine-health.js';
import type { MemoryVerdict } from './memory-budget.js';
import type { WorkerState } from './worker-state.js';

/** An engine that runs elsewhere, as far as it has told. */
export interface ExternalEngine {
  /** Without credentials. */
  url: string;
  software: string | null;
  version: string | null;
  model: EngineModel | null;
  /** Requests that it is sent at once. */
  maxRunning: number;
}

export interface WorkerStatus {
  name: string;
  state: WorkerState;
  /** Where a start-up is: `model` while the files are found, `spawn`, then the engine's own phases. */
  phase: string | null;
  /** Share of the phase done, 0 to 1. */
  progress: number | null;
  /** Why it is not ready, for people. */
  reason: string | null;
  /** Lives after the first. */
  restarts: number;
  pid: number | null;
  /** The engine's last health of this life. */
  engine: EngineHealth | null;
  /** False when work is running and the engine's loop is late, or health is not answered. */
  beating: boolean;
  /** Its own memory, where the system tells. */
  memoryBytes: number | null;
  /** How it stands to its budget; null while it keeps it, or has none. */
  memoryVerdict: MemoryVerdict | null;
  /** Null for a child of ours. */
  external: ExternalEngine | null;
}

/** The model that it has, or had last. */
export const modelOf = ({ engine, external }: Pick<WorkerStatus, 'engine' | 'external'>): EngineModel | null =>
  engine?.model ?? external?.model ?? null;

/** One life of a worker; an external engine has but one. */
export const lifeOf = ({ name, pid }: WorkerStatus): string => `${name} ${pid ?? ''}`;

export const initialStatus = (name: string): WorkerStatus => ({
  name,
  state: 'starting',
  phase: 'model',
  progress: null,
  reason: null,
  restarts: 0,
  pid: null,
  engine: null,
  beating: false,
  memoryBytes: null,
  memoryVerdict: null,
  external: null,
});
