import type { EngineHealth } from './client/engine-health.js';
import type { WorkerState } from './worker-state.js';

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
}

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
});
