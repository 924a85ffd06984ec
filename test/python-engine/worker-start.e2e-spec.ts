import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type FakeEngineScript, rescript } from '../fake-engine/fake-engine.js';
import { NO_RESTARTS, SupervisedFake, type SupervisedOptions } from './supervised-fake.js';

let fake: SupervisedFake;

async function start(script: FakeEngineScript = {}, options: SupervisedOptions = {}): Promise<void> {
  fake = await SupervisedFake.start(script, options);
}

afterEach(() => fake.close());

describe('a worker that starts', () => {
  it('goes through loading and warming to ready, with phase and progress', async () => {
    await start({ holdAt: 'loading' });
    expect(fake.pool.status).toMatchObject({ ready: false, everReady: false, capacity: 0 });
    expect(await fake.reached('loading')).toMatchObject({ phase: 'load', progress: 0.3 });
    expect(fake.pool.status.reason).toBe('worker-0 is loading (load 30 %)');
    await rescript(fake.port, { holdAt: 'warming' });
    expect(await fake.reached('warming')).toMatchObject({ phase: 'warm', progress: 0.8 });
    await rescript(fake.port, { holdAt: null });
    const ready = await fake.reached('ready');
    expect(ready.engine).toMatchObject({ maxRunning: 16, model: { id: 'fake', contextLength: 2048 } });
    expect(fake.pool.status).toMatchObject({ ready: true, everReady: true, reason: null, capacity: 18 });
    expect(fake.history).toEqual(['starting', 'loading', 'warming', 'ready']);
  });

  it('is given the folder of the model', async () => {
    await start();
    await fake.reached('ready');
    expect(fake.engine.starts).toEqual([expect.objectContaining({ model: fake.engine.model, port: fake.port })]);
  });

  it('is killed when it is not ready within the start-up deadline', async () => {
    await start({ lives: [{ neverReady: true }, {}] }, { environment: { START_TIMEOUT_SECONDS: '3' } });
    expect((await fake.reached('killed')).reason).toContain('not ready within 3 s');
    await fake.reached('ready');
    expect(fake.history.join(' ')).toContain('warming killed crashed backoff starting');
  });

  it('moves to the next port when a stranger listens on its own', async () => {
    const stranger = createServer((_request, response) => response.end('{"state": "ready"}'));
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as AddressInfo;
    await start({}, { environment: { ENGINE_PORT: String(port) } });
    await fake.reached('ready');
    stranger.closeAllConnections();
    await new Promise((resolve) => stranger.close(resolve));
    expect(fake.engine.starts[0]!.port).toBeGreaterThan(port);
  });

  it('moves to the next port when it loses its own to a stranger at the last moment, and counts no crash', async () => {
    await start({ lives: [{ exitBeforeReady: 75 }, {}] }, { supervision: { restarts: NO_RESTARTS } });
    await fake.reached('ready');
    const [own, next] = fake.engine.starts.map(({ port }) => port);
    expect([own, next! > own!]).toEqual([fake.port, true]);
    expect(fake.worker.restarts).toBe(0);
  });

  it('is never taken for ready when it answers with the wrong nonce', async () => {
    await start({ lives: [{ nonce: 'stranger' }, {}] });
    expect((await fake.reached('killed')).reason).toContain('somebody else answers');
    await fake.reached('ready');
    expect(fake.history.filter((state) => state === 'ready')).toHaveLength(1);
    const [own, next] = fake.engine.starts.map(({ port }) => port);
    expect([own, next! > own!]).toEqual([fake.port, true]);
  });
});
