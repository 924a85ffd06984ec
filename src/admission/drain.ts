import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { shuttingDown } from '../openai/error-catalogue.js';
import { AdmissionQueue } from './admission.queue.js';

/** The orderly way down: unready, then closed, then empty. */
@Injectable()
export class Drain {
  private begun = false;

  constructor(
    private readonly settings: Settings,
    private readonly queue: AdmissionQueue,
  ) {}

  /** True from the first moment of the drain: ready is 503 while requests are still served. */
  get draining(): boolean {
    return this.begun;
  }

  /** Resolves when no request is left; what is not through by DRAIN_TIMEOUT_SECONDS ends with an error. */
  async drain({ unnoticed = false } = {}): Promise<void> {
    this.begun = true;
    // Who was never ready is in no balancer's list.
    if (!unnoticed) await delay(this.settings.drainDelaySeconds * 1000);
    this.queue.close();
    const deadline = new AbortController();
    const late = delay(this.settings.drainTimeoutSeconds * 1000, undefined, { signal: deadline.signal }).catch(
      () => {},
    );
    await Promise.race([this.queue.idle(), late]);
    deadline.abort();
    this.queue.terminate(shuttingDown());
  }
}
