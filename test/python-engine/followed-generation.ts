import type { Subscription } from 'rxjs';
import type { GenerateEvent, GenerateRequest } from '../../src/python-engine/worker.js';
import type { WorkerPool } from '../../src/python-engine/worker-pool.js';
import { generateRequest } from './generate-request.js';

/** One generation as its subscriber sees it: what came, and how it ended. */
export class FollowedGeneration {
  readonly events: GenerateEvent[] = [];
  /** The error, or `complete`. */
  readonly ended: Promise<unknown>;
  private readonly waiting: (() => void)[] = [];
  private subscription: Subscription | undefined;

  constructor(pool: WorkerPool, fields: Partial<GenerateRequest> = {}) {
    this.ended = new Promise((resolve) => {
      this.subscription = pool.generate(generateRequest(fields)).subscribe({
        next: (event) => {
          this.events.push(event);
          this.waiting.splice(0).forEach((wake) => wake());
        },
        error: resolve,
        complete: () => resolve('complete'),
      });
    });
  }

  /** Until so many events have come. */
  async count(wanted: number): Promise<void> {
    while (this.events.length < wanted) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  unsubscribe(): void {
    this.subscription?.unsubscribe();
  }
}

export const textOf = (events: GenerateEvent[], index = 0): string =>
  events
    .flatMap((event) => (event.type === 'chunk' ? event.choices : []))
    .filter((choice) => choice.index === index)
    .map(({ text }) => text)
    .join('');
