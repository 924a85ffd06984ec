import type { Settings } from '../config/settings.js';
import type { EjectionLimits } from './external/ejection.js';
import { RESTART_LIMITS, type RestartLimits } from './restart-policy.js';

/** How closely a worker is watched, and how long anything about it may take. */
export interface Supervision {
  /** From the start of the child to ready. The model is on disk by then: a download is not part of it. */
  startTimeoutMs: number;
  hangSeconds: number;
  firstTokenMs: number;
  tokenMs: number;
  /** Between SIGTERM and SIGKILL. The gateway has let its streams finish by then. */
  stopMs: number;
  /** Between two polls of health, before and after ready. */
  startPollMs: number;
  readyPollMs: number;
  /** For one answer of health. */
  probeMs: number;
  /** Of its own memory; null for none. */
  memoryLimitBytes: number | null;
  restarts: RestartLimits;
  /** Of engines that run elsewhere; their polls before ready are as ours after it. */
  external: EjectionLimits & { pollMs: number; probeMs: number };
}

export function supervisionOf(settings: Settings): Supervision {
  return {
    startTimeoutMs: settings.startTimeoutSeconds * 1000,
    hangSeconds: settings.hangSeconds,
    firstTokenMs: settings.firstTokenTimeoutSeconds * 1000,
    tokenMs: settings.tokenTimeoutSeconds * 1000,
    stopMs: 5_000,
    startPollMs: 50,
    readyPollMs: 250,
    // Three in a row unanswered must fit into a hang.
    probeMs: Math.min(2_000, Math.round((settings.hangSeconds * 1000) / 3)),
    memoryLimitBytes: settings.workerMemoryLimitBytes,
    restarts: RESTART_LIMITS,
    external: {
      ...{ pollMs: 1_000, probeMs: 2_000, failures: 3 },
      ...{ backoffMs: 1_000, maxBackoffMs: 30_000, steadyMs: 60_000 },
    },
  };
}

/** The token by which Nest hands `supervisionOf` to the pool, whose workers come with new settings too. */
export const SUPERVISION = Symbol('SUPERVISION');
