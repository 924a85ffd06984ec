import { Logger } from '@nestjs/common';
import { distinctUntilChanged, map, type Subscription } from 'rxjs';
import type { PoolMember } from './pool-member.js';
import type { WorkerState } from './worker-state.js';

const logger = new Logger('WorkerPool');
const BAD: readonly WorkerState[] = ['crashed', 'hung', 'killed', 'ejected'];

/** A line of the log for each state of a worker that is another than the one before. */
export function tellStates(worker: PoolMember): Subscription {
  return worker.status$
    .pipe(
      map(({ state, reason, pid }) => ({ state, reason, pid })),
      distinctUntilChanged((a, b) => a.state === b.state),
    )
    .subscribe(({ state, reason, pid }) => {
      const message = `${worker.name} is ${state}${pid === null ? '' : ` (pid ${pid})`}${reason === null ? '' : `: ${reason}`}`;
      if (state === 'failed') logger.error(message);
      else if (BAD.includes(state)) logger.warn(message);
      else logger.log(message);
    });
}
