import { describe, expect, it } from '@jest/globals';
import { NEVER, Subject } from 'rxjs';
import { readSettings } from '../config/read-settings.js';
import type { OpenAIError } from '../openai/openai-error.js';
import { AdmissionQueue } from './admission.queue.js';
import { Drain } from './drain.js';

function drainWith(environment: Record<string, string>) {
  const settings = readSettings(environment);
  const queue = new AdmissionQueue(settings);
  queue.setCapacity(4);
  return { queue, drain: new Drain(settings, queue) };
}

describe('Drain', () => {
  it('is draining at once and still takes requests for the drain delay', async () => {
    const { queue, drain } = drainWith({ DRAIN_DELAY_SECONDS: '0.2' });
    const drained = drain.drain();
    expect(drain.draining).toBe(true);
    expect(queue.status.closed).toBe(false);
    await drained;
    expect(queue.status.closed).toBe(true);
  });

  it('waits for what runs', async () => {
    const { queue, drain } = drainWith({ DRAIN_TIMEOUT_SECONDS: '30' });
    const work = new Subject<never>();
    let completed = false;
    queue.run(() => work).subscribe({ complete: () => (completed = true) });
    const drained = drain.drain();
    setTimeout(() => work.complete(), 50);
    await drained;
    expect(completed).toBe(true);
  });

  it('ends what is not through by the deadline with 503 shutting_down', async () => {
    const { queue, drain } = drainWith({ DRAIN_TIMEOUT_SECONDS: '0.1' });
    const errors: OpenAIError[] = [];
    queue.run(() => NEVER).subscribe({ error: (error: OpenAIError) => errors.push(error) });
    await drain.drain();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ status: 503, code: 'shutting_down' });
    expect(queue.status.running).toBe(0);
  });
});
