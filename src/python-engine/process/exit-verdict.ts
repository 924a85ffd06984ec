import type { Exit } from './engine-process.js';
import type { FatalLine } from './log-relay.js';

/** What a death says about the next life. */
export type Verdict =
  /** Starting again would fail the same way. */
  | 'hopeless'
  /** Somebody took the port between our look and the child's. */
  | 'port-taken'
  | 'crash';

/** The engine's exit codes, of sysexits.h. */
const EX_TEMPFAIL = 75;
const EX_CONFIG = 78;

export function verdictOf(exit: Exit): Verdict {
  if (exit.spawnError !== null || exit.code === EX_CONFIG) return 'hopeless';
  return exit.code === EX_TEMPFAIL ? 'port-taken' : 'crash';
}

/** A sentence for people: the engine's own last word where there is one. */
export function exitReason(exit: Exit, fatal: FatalLine | null): string {
  if (exit.spawnError !== null) return `the engine could not be started: ${exit.spawnError}`;
  if (exit.code === EX_CONFIG) return fatal?.message ?? 'the engine refused its settings or its checkpoint (exit 78)';
  const how = exit.signal === null ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
  return fatal === null ? `the engine ${how}` : `the engine ${how}: ${fatal.message}`;
}
