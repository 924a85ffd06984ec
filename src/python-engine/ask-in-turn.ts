import { OpenAIError } from '../openai/openai-error.js';
import type { PoolMember } from './pool-member.js';
import { lifeOf } from './worker-status.js';

/**
 * Asks the worker of `choose`, and where that is not there after all the next: a status may not tell of a death yet. Only for
 * questions that may be asked twice. Rejects with the last failure; `choose` takes the lives it gets where there is no other.
 */
export async function askInTurn<T>(
  choose: (avoid: ReadonlySet<string>) => PoolMember,
  ask: (worker: PoolMember) => Promise<T>,
): Promise<T> {
  const asked = new Set<string>();
  for (let last: unknown = null; ;) {
    const worker = choose(asked);
    const life = lifeOf(worker.status);
    if (asked.has(life)) throw last;
    asked.add(life);
    try {
      return await ask(worker);
    } catch (failure) {
      if (!(failure instanceof OpenAIError) || failure.status !== 503) throw failure;
      last = failure;
    }
  }
}
