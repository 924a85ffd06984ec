import { afterEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, NEVER, type Observable, of, Subject, toArray } from 'rxjs';
import { readSettings } from '../config/read-settings.js';
import { shuttingDown } from '../openai/error-catalogue.js';
import type { OpenAIError } from '../openai/openai-error.js';
import { AdmissionQueue, type Claim } from './admission.queue.js';

const queues: AdmissionQueue[] = [];

afterEach(() => queues.splice(0).forEach((queue) => queue.terminate(shuttingDown())));

function queueWith(environment: Record<string, string> = {}, capacity = 1): AdmissionQueue {
  const queue = new AdmissionQueue(readSettings(environment));
  queue.setCapacity(capacity);
  queues.push(queue);
  return queue;
}

/** Occupies a place until `done` is called. */
function occupy(queue: AdmissionQueue, onStart: () => void = () => {}, weight = 1, claim: Partial<Claim> = {}) {
  const work = new Subject<never>();
  const errors: unknown[] = [];
  const subscription = queue
    .run(() => (onStart(), work), { weight, ...claim })
    .subscribe({ error: (error: unknown) => errors.push(error), complete: () => {} });
  return { subscription, errors, done: () => work.complete() };
}

const failure = async (answer: Observable<unknown>): Promise<OpenAIError> =>
  firstValueFrom(answer).then(
    () => Promise.reject(new Error('it was not refused')),
    (error: OpenAIError) => error,
  );

describe('AdmissionQueue', () => {
  it('passes the values of the work on and completes', async () => {
    await expect(
      firstValueFrom(
        queueWith()
          .run(() => of(1, 2))
          .pipe(toArray()),
      ),
    ).resolves.toEqual([1, 2]);
  });

  it('starts waiting requests in the order of their coming, as slots become free', () => {
    const queue = queueWith({}, 2);
    const started: string[] = [];
    const [a, b] = ['a', 'b', 'c', 'd'].map((name) => occupy(queue, () => started.push(name)));
    expect(started).toEqual(['a', 'b']);
    b?.done();
    expect(started).toEqual(['a', 'b', 'c']);
    a?.done();
    expect(started).toEqual(['a', 'b', 'c', 'd']);
    expect(queue.status).toMatchObject({ running: 2, waiting: 0 });
  });

  it('counts a request with several choices as so many, and lets one that is too wide run alone', () => {
    const queue = queueWith({}, 4);
    const started: string[] = [];
    const wide = occupy(queue, () => started.push('3'), 3);
    const tooWide = occupy(queue, () => started.push('8'), 8);
    occupy(queue, () => started.push('1'));
    expect(started).toEqual(['3']);
    wide.done();
    expect(started).toEqual(['3', '8']);
    tooWide.done();
    expect(started).toEqual(['3', '8', '1']);
  });

  it('takes turns among callers, however many of one wait', () => {
    const queue = queueWith();
    const started: string[] = [];
    const enter = (caller: string, name: string) => occupy(queue, () => started.push(name), 1, { caller });
    const running = [enter('a', 'a1'), ...['a2', 'a3', 'a4'].map((name) => enter('a', name))];
    running.push(enter('b', 'b1'), enter('c', 'c1'), enter('b', 'b2'));
    const order = ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'];
    const byName = new Map(['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'].map((name, i) => [name, running[i]!]));
    for (const name of order) byName.get(name)!.done();
    expect(started).toEqual(order);
  });

  it('lets the caller with least running go next', () => {
    const queue = queueWith({}, 2);
    const started: string[] = [];
    const enter = (caller: string, name: string) => occupy(queue, () => started.push(name), 1, { caller });
    const [first] = [enter('a', 'a1'), enter('a', 'a2'), enter('a', 'a3'), enter('a', 'a4')];
    const b1 = enter('b', 'b1');
    enter('b', 'b2');
    expect(started).toEqual(['a1', 'a2']);
    first.done();
    expect(started).toEqual(['a1', 'a2', 'b1']);
    b1.done();
    expect(started).toEqual(['a1', 'a2', 'b1', 'b2']);
  });

  it('gives all places to a caller that is alone, and half to one that is not, so that another starts at once', () => {
    const queue = queueWith({}, 8);
    const started: string[] = [];
    const enter = (caller: string) => occupy(queue, () => started.push(caller), 1, { caller });
    const flood = Array.from({ length: 12 }, () => enter('flood'));
    expect(queue.status).toMatchObject({ running: 8, waiting: 4 });
    const other = enter('other');
    flood[0]!.done();
    expect(started.filter((name) => name === 'other')).toHaveLength(1);
    other.done();
    for (const { done } of flood.slice(1, 5)) done();
    expect(queue.status).toMatchObject({ running: 4, waiting: 3 });
    Array.from({ length: 4 }, () => enter('other'));
    expect(queue.status).toMatchObject({ running: 8, waiting: 3 });
    flood.slice(5, 8).forEach(({ done }) => done());
    expect(queue.status).toMatchObject({ running: 8, waiting: 0 });
  });

  it('gives a full place to a caller with fewer waiting, at the cost of the newest of who has most', () => {
    const queue = queueWith({ QUEUE_LIMIT: '3' });
    occupy(queue);
    const flood = [1, 2, 3].map(() => occupy(queue, () => {}, 1, { caller: 'flood' }));
    const other = occupy(queue, () => {}, 1, { caller: 'other' });
    expect(flood.map(({ errors }) => errors.length)).toEqual([0, 0, 1]);
    expect(flood[2]!.errors[0]).toMatchObject({ status: 429, code: 'queue_full' });
    expect(other.errors).toEqual([]);
    const late = occupy(queue, () => {}, 1, { caller: 'flood' });
    const second = occupy(queue, () => {}, 1, { caller: 'other' });
    expect([late.errors.length, second.errors.length]).toEqual([1, 1]);
    expect(queue.status).toMatchObject({ running: 1, waiting: 3 });
  });

  it('says in advance what it would refuse whatever it is', () => {
    const queue = queueWith({ QUEUE_LIMIT: '2' });
    const enter = (caller: string) => occupy(queue, () => {}, 1, { caller });
    const [running, waiting] = [enter('flood'), enter('flood')];
    expect(queue.refusalOf('flood')).toBeNull();
    enter('flood');
    expect(queue.refusalOf('flood')).toMatchObject({ status: 429, code: 'queue_full' });
    expect(queue.refusalOf('other')).toBeNull();
    waiting.subscription.unsubscribe();
    expect(queue.refusalOf('flood')).toBeNull();
    running.done();
    queue.setCapacity(0);
    enter('flood');
    enter('flood');
    expect(queue.refusalOf('flood')).toBeNull();
  });

  it('is bounded in the tokens that wait, and lets what is over the bound wait alone', () => {
    const queue = queueWith({ QUEUE_TOKEN_LIMIT: '100' });
    const running = occupy(queue);
    const large = occupy(queue, () => {}, 1, { tokens: 150 });
    expect(queue.status).toMatchObject({ waiting: 1, waitingTokens: 150 });
    expect(occupy(queue, () => {}, 1, { tokens: 1 }).errors).toMatchObject([{ status: 429, code: 'queue_full' }]);
    running.done();
    const [sixty, more] = [60, 41].map((tokens) => occupy(queue, () => {}, 1, { tokens }));
    expect([large.errors, sixty!.errors, more!.errors.length]).toEqual([[], [], 1]);
    expect(queue.status).toMatchObject({ running: 1, waiting: 1, waitingTokens: 60 });
  });

  it('refuses with 429 queue_full and Retry-After when QUEUE_LIMIT requests wait', async () => {
    const queue = queueWith({ QUEUE_LIMIT: '1' });
    occupy(queue);
    occupy(queue);
    const error = await failure(queue.run(() => NEVER));
    expect(error).toMatchObject({ status: 429, code: 'queue_full', type: 'rate_limit_error' });
    expect(Number(error.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  });

  it('refuses with 429 and Retry-After what waits longer than QUEUE_TIMEOUT_SECONDS, and forgets it', async () => {
    const queue = queueWith({ QUEUE_TIMEOUT_SECONDS: '0.1' });
    occupy(queue);
    const error = await failure(queue.run(() => NEVER));
    expect(error).toMatchObject({ status: 429, code: 'queue_timeout' });
    expect(error.headers).toHaveProperty('retry-after');
    expect(queue.status).toMatchObject({ running: 1, waiting: 0 });
  });

  it('refuses with 503 engine_unavailable what waits that long for a worker to come back', async () => {
    const queue = queueWith({ QUEUE_TIMEOUT_SECONDS: '0.1' }, 0);
    await expect(failure(queue.run(() => NEVER))).resolves.toMatchObject({ status: 503, code: 'engine_unavailable' });
  });

  it('lets an aborted waiter leave at once, without ever starting its work', () => {
    const queue = queueWith();
    const first = occupy(queue);
    const started: string[] = [];
    const second = occupy(queue, () => started.push('second'));
    occupy(queue, () => started.push('third'));
    second.subscription.unsubscribe();
    expect(queue.status.waiting).toBe(1);
    first.done();
    expect(started).toEqual(['third']);
  });

  it('frees a slot exactly once, however the request ends', () => {
    const queue = queueWith({}, 1);
    const first = occupy(queue);
    first.done();
    first.subscription.unsubscribe();
    occupy(queue);
    first.subscription.unsubscribe();
    expect(queue.status).toMatchObject({ running: 1, waiting: 0 });
  });

  it('frees the slot when the work throws before it returns', async () => {
    const queue = queueWith();
    const thrown = queue.run(() => {
      throw new Error('no');
    });
    await expect(firstValueFrom(thrown)).rejects.toThrow('no');
    expect(queue.status.running).toBe(0);
  });

  it('holds what it accepted while the capacity is 0 and starts it when a worker is back', () => {
    const queue = queueWith({}, 1);
    const running = occupy(queue);
    const started: string[] = [];
    occupy(queue, () => started.push('held'));
    queue.setCapacity(0);
    running.done();
    expect(started).toEqual([]);
    queue.setCapacity(3);
    expect(started).toEqual(['held']);
  });

  it('refuses new requests with 503 shutting_down once closed and still runs what waits', async () => {
    const queue = queueWith();
    const running = occupy(queue);
    const started: string[] = [];
    const waiting = occupy(queue, () => started.push('waiting'));
    queue.close();
    await expect(failure(queue.run(() => NEVER))).resolves.toMatchObject({ status: 503, code: 'shutting_down' });
    running.done();
    expect(started).toEqual(['waiting']);
    const idle = queue.idle();
    waiting.done();
    await idle;
    expect(queue.status).toMatchObject({ running: 0, waiting: 0, closed: true });
  });
});
