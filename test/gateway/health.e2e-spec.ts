import { afterEach, describe, expect, it } from '@jest/globals';
import { InternalServerError } from 'openai';
import { chunksOf } from './event-lines.js';
import { CHAT, ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

afterEach(() => gateway.close());

interface Health {
  status: string;
  reason?: string;
  details: { workers?: Record<string, { state: string }> };
}

async function probe(name: string): Promise<{ status: number; body: Health; retryAfter: string | null }> {
  const answer = await fetch(`${gateway.address}/health${name}`);
  return {
    status: answer.status,
    body: (await answer.json()) as Health,
    retryAfter: answer.headers.get('retry-after'),
  };
}

const statuses = async (): Promise<number[]> =>
  Promise.all(['/live', '/ready', '', '/startup'].map(async (name) => (await probe(name)).status));

describe('the probes', () => {
  it('before the engine is started: live, not ready, not started, with the reason', async () => {
    gateway = await ServedGateway.start({}, {}, { ready: false });
    expect(await statuses()).toEqual([200, 503, 503, 503]);
    const { body, retryAfter } = await probe('/ready');
    expect(body.reason).toMatch(/model/);
    expect(body.details.workers?.['worker-0']).toMatchObject({ state: 'starting' });
    expect(retryAfter).toMatch(/^\d+$/);
  });

  it('while the model loads: live, not ready, not started, with phase and percent', async () => {
    gateway = await ServedGateway.start({ loadMs: 60_000 }, {}, { ready: false });
    gateway.pool.start();
    await gateway.until(({ workers }) => workers[0]?.state === 'loading');
    expect(await statuses()).toEqual([200, 503, 503, 503]);
    const { body } = await probe('/startup');
    expect(body.details.workers?.['worker-0']).toMatchObject({ state: 'loading', phase: 'load', percent: 30 });
  });

  it('when the model is ready: all 200', async () => {
    gateway = await ServedGateway.start();
    expect(await statuses()).toEqual([200, 200, 200, 200]);
    expect((await probe('/ready')).body).toMatchObject({
      status: 'ok',
      details: { workers: { 'worker-0': { state: 'ready' } } },
    });
  });

  it('when no worker will ever come back: not live either, so that an orchestrator starts anew', async () => {
    gateway = await ServedGateway.start({ exitBeforeReady: 78 }, {}, { ready: false });
    gateway.pool.start();
    await gateway.until(({ allFailed }) => allFailed);
    expect(await statuses()).toEqual([503, 503, 503, 503]);
    expect((await probe('/live')).body.reason).toMatch(/failed/);
    // A client is told the state and not to try again; the engine's own words stay in health and the log.
    const answer = await gateway.post({ model: 'nanochat', messages: [{ role: 'user', content: 'Hi' }] });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('x-should-retry')).toBe('false');
    const { error } = (await answer.json()) as { error: { message: string } };
    expect(error.message).toBe('The engine has failed and does not come back by itself: worker-0 is failed.');
  });

  it('never wait behind the 16 streams that run', async () => {
    gateway = await ServedGateway.start({ reply: 'word '.repeat(5000), tokenDelayMs: 5 });
    const leave = new AbortController();
    const streams = await Promise.all(
      Array.from({ length: 16 }, () => gateway.post({ ...CHAT, stream: true }, { signal: leave.signal })),
    );
    const drained = streams.map((stream) => stream.text().catch(() => null));
    const times: number[] = [];
    for (let i = 0; i < 200; i++) {
      const before = performance.now();
      expect((await probe('/live')).status).toBe(200);
      times.push(performance.now() - before);
    }
    expect((await gateway.seen(() => true)).open).toBe(16);
    // A busy machine may be slow, but each of the streams takes 25 s; bench/ measures what the probes take.
    expect(times.sort((a, b) => a - b)[197]).toBeLessThan(1000);
    leave.abort();
    await Promise.all(drained);
  });
});

describe('an engine that is killed', () => {
  it('ends its streams by an error event, makes ready 503 within a second, and comes back by itself', async () => {
    gateway = await ServedGateway.start({ lives: [{ stallAfterTokens: 2 }, { loadMs: 300 }] });
    const stream = await gateway.post({ ...CHAT, stream: true });
    const { workers } = await gateway.until(({ workers }) => workers[0]?.pid !== null);
    process.kill(workers[0]!.pid!, 'SIGKILL');
    const killed = performance.now();
    while ((await probe('/ready')).status !== 503) expect(performance.now() - killed).toBeLessThan(1000);
    const { body } = await probe('/ready');
    expect(body.reason).toMatch(/worker-0 is \w+/);
    expect((await probe('/live')).status).toBe(200);
    expect((await probe('/startup')).status).toBe(200);
    expect(chunksOf(await stream.text()).at(-1)?.error).toMatchObject({ code: 'engine_unavailable' });

    const refused = await gateway.post(CHAT);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await refused.json()).toMatchObject({ error: { type: 'server_error', code: 'engine_unavailable' } });

    await gateway.until(({ ready }) => ready);
    expect((await probe('/ready')).status).toBe(200);
    expect((await gateway.client().chat.completions.create(CHAT)).choices[0]?.finish_reason).toBe('stop');
  });

  it('keeps for its next life what waited in the queue, and what had no token yet', async () => {
    const script = { maxRunning: 1, reply: 'done', lives: [{ stallAfterTokens: 0 }, {}] };
    gateway = await ServedGateway.start(script, { RESUME_TRIES: '3' });
    const create = () => gateway.client().chat.completions.create(CHAT);
    const running = Array.from({ length: 3 }, create);
    await gateway.queued((status) => status.running === 3);
    const waiting = create();
    await gateway.queued((status) => status.waiting === 1);
    process.kill(gateway.pool.status.workers[0]!.pid!, 'SIGKILL');
    for (const answer of await Promise.all([...running, waiting])) {
      expect(answer.choices[0]?.message.content).toBe('done');
    }
    await gateway.queued((status) => status.running + status.waiting === 0);
  });

  it('is not tried more than once more with a request that kills it', async () => {
    const lives = [{ crashAfterTokens: 0 }, { crashAfterTokens: 0 }, {}];
    gateway = await ServedGateway.start({ lives }, { RESUME_TRIES: '3' });
    const answer = await gateway.post(CHAT);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { code: 'engine_unavailable' } });
    await gateway.until(({ ready, workers }) => ready && workers[0]?.restarts === 2);
    expect(gateway.engine.starts).toHaveLength(3);
  });
});

describe('a request while the model loads', () => {
  it('is refused with 503 model_loading and Retry-After, which the SDK retries', async () => {
    gateway = await ServedGateway.start({ loadMs: 300 }, {}, { ready: false });
    gateway.pool.start();
    const refused = await gateway
      .client()
      .chat.completions.create(CHAT)
      .then(
        () => null,
        (failure: unknown) => failure,
      );
    expect(refused).toBeInstanceOf(InternalServerError);
    expect(refused).toMatchObject({ status: 503, code: 'model_loading', type: 'server_error' });
    const answer = await gateway.client({ maxRetries: 5 }).chat.completions.create(CHAT);
    expect(answer.choices[0]?.finish_reason).toBe('stop');
  });
});
