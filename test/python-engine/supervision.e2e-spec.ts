import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { rescript, type FakeEngineScript } from '../fake-engine/fake-engine.js';
import { generateRequest } from './generate-request.js';
import { isRunning, SupervisedFake, type SupervisedOptions } from './supervised-fake.js';

let fake: SupervisedFake;

async function start(script: FakeEngineScript = {}, options: SupervisedOptions = {}): Promise<void> {
  fake = await SupervisedFake.start(script, options);
}

afterEach(() => fake.close());

describe('a worker that starts', () => {
  it('goes through loading and warming to ready, with phase and progress', async () => {
    await start({ loadMs: 200 });
    expect(fake.pool.status).toMatchObject({ ready: false, everReady: false, capacity: 0 });
    expect(await fake.reached('loading')).toMatchObject({ phase: 'load', progress: 0.3 });
    expect(fake.pool.status.reason).toBe('worker-0 is loading (load 30 %)');
    expect(await fake.reached('warming')).toMatchObject({ phase: 'warm', progress: 0.8 });
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
    await start({ lives: [{ neverReady: true }, {}] }, { environment: { START_TIMEOUT_SECONDS: '1' } });
    expect((await fake.reached('killed')).reason).toContain('not ready within 1 s');
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
    await start({ lives: [{ exitBeforeReady: 75 }, {}] }, { supervision: { restarts: noRestarts } });
    await fake.reached('ready');
    expect(fake.engine.starts.map(({ port }) => port - fake.port)).toEqual([0, 1]);
    expect(fake.worker.restarts).toBe(0);
  });

  it('is never taken for ready when it answers with the wrong nonce', async () => {
    await start({ lives: [{ nonce: 'stranger' }, {}] });
    expect((await fake.reached('killed')).reason).toContain('somebody else answers');
    await fake.reached('ready');
    expect(fake.history.filter((state) => state === 'ready')).toHaveLength(1);
    expect(fake.engine.starts.map(({ port }) => port - fake.port)).toEqual([0, 1]);
  });
});

describe('a worker that dies', () => {
  it('waits longer each time when it dies before it is ready, and is failed in the end with its last lines', async () => {
    await start({ exitBeforeReady: 70, errorLog: ['RuntimeError: no such kernel'] });
    const { reason, restarts } = await fake.reached('failed');
    expect(reason).toContain('the engine exited with code 70; given up after 5 deaths in a row');
    expect(reason).toContain('warn: RuntimeError: no such kernel');
    expect(restarts).toBe(4);
    expect(fake.history.filter((state) => state === 'backoff')).toHaveLength(4);
    expect(fake.engine.starts).toHaveLength(5);
    expect(fake.pool.status).toMatchObject({ ready: false, everReady: false, allFailed: true });
  });

  it('is failed at once, with the reason of its fatal line, when a restart would fail the same way', async () => {
    const log = [{ level: 'fatal', code: 'checkpoint_corrupt', message: 'model_000001.pt is cut' }];
    await start({ exitBeforeReady: 78, log });
    expect((await fake.reached('failed')).reason).toBe('model_000001.pt is cut');
    expect(fake.engine.starts).toHaveLength(1);
    expect(fake.history).not.toContain('backoff');
  });

  it('is restarted at once after the first death since it was ready', async () => {
    await start({}, { supervision: { restarts: { ...noRestarts, maxEarlyDeaths: 1, backoffMs: 3_600_000 } } });
    const { pid } = await fake.reached('ready');
    process.kill(pid!, 'SIGKILL');
    expect((await fake.reached('crashed')).reason).toBe('the engine was ended by SIGKILL');
    expect(fake.pool.status).toMatchObject({ ready: false, everReady: true, capacity: 0 });
    const again = await fake.reached('ready');
    expect(again.pid).not.toBe(pid);
    expect(again.restarts).toBe(1);
    expect(fake.history).not.toContain('backoff');
  });

  it('is not ready within a second of its death', async () => {
    await start({ lives: [{}, { loadMs: 60_000 }] });
    const { pid } = await fake.reached('ready');
    const killedAt = performance.now();
    process.kill(pid!, 'SIGKILL');
    await fake.until((_worker, pool) => !pool.ready);
    expect(performance.now() - killedAt).toBeLessThan(1000);
  });

  it('is never there twice: each child starts after the last one has left', async () => {
    await start({ lives: [{ exitAfterReadyMs: 50 }, { exitAfterReadyMs: 50 }, {}] });
    await fake.until(({ state, restarts }) => state === 'ready' && restarts === 2);
    expect(fake.engine.lives.map(({ event }) => event)).toEqual(['start', 'end', 'start', 'end', 'start']);
    expect(fake.engine.starts.map(({ port }) => port)).toEqual([fake.port, fake.port, fake.port]);
  });
});

describe('a worker that hangs', () => {
  it('is killed and restarted when work is running and its loop does not move', async () => {
    await start({ lives: [{ hangAfterTokens: 2 }, {}] }, { environment: { HANG_SECONDS: '0.6' } });
    const { pid } = await fake.reached('ready');
    const failed = new Promise((resolve) => fake.pool.generate(generateRequest()).subscribe({ error: resolve }));
    await fake.until(({ state, beating }) => state === 'ready' && !beating);
    expect(fake.pool.status.ready).toBe(false);
    expect((await fake.reached('hung')).reason).toContain('loop has not moved');
    expect(await failed).toMatchObject({ status: 503, code: 'engine_unavailable' });
    expect((await fake.reached('ready')).pid).not.toBe(pid);
    expect(isRunning(pid!)).toBe(false);
    expect(fake.history.join(' ')).toContain('ready hung killed crashed starting');
  });

  it('is killed and restarted when it no longer answers its health', async () => {
    await start({ lives: [{}, {}] }, { environment: { HANG_SECONDS: '0.6' } });
    const { pid } = await fake.reached('ready');
    await rescript(fake.port, { healthSilent: true });
    expect((await fake.reached('hung')).reason).toContain('has not answered its health');
    expect((await fake.until(({ restarts, state }) => restarts === 1 && state === 'ready')).pid).not.toBe(pid);
  });

  it('is left alone while it is merely busy', async () => {
    await start({ tokenDelayMs: 200 }, { environment: { HANG_SECONDS: '0.5' } });
    await fake.reached('ready');
    await new Promise<void>((resolve, reject) =>
      fake.pool.generate(generateRequest()).subscribe({ error: reject, complete: resolve }),
    );
    expect(fake.history.at(-1)).toBe('ready');
    expect(fake.worker.restarts).toBe(0);
  });
});

describe('a worker that is stopped', () => {
  it('leaves after SIGTERM, and nobody of it is left', async () => {
    await start();
    const { pid } = await fake.reached('ready');
    await fake.pool.stop();
    expect(isRunning(pid!)).toBe(false);
    expect(fake.engine.lives.map(({ event }) => event)).toEqual(['start', 'end']);
    expect(fake.history.slice(-3)).toEqual(['ready', 'draining', 'stopped']);
  });

  it('is killed when it ignores SIGTERM', async () => {
    await start({ ignoreSigterm: true }, { supervision: { stopMs: 200 } });
    const { pid } = await fake.reached('ready');
    await fake.pool.stop();
    expect(isRunning(pid!)).toBe(false);
    expect(fake.worker).toMatchObject({ state: 'stopped', pid: null });
  });

  it('is killed at once by a second signal', async () => {
    await start({ ignoreSigterm: true }, { supervision: { stopMs: 3_600_000 } });
    const { pid } = await fake.reached('ready');
    const stopped = fake.pool.stop();
    fake.pool.kill();
    await stopped;
    expect(isRunning(pid!)).toBe(false);
  });

  it('stops also while it starts, and while it waits to start again', async () => {
    await start({ loadMs: 3_600_000 });
    const { pid } = await fake.reached('loading');
    await fake.pool.stop();
    expect(isRunning(pid!)).toBe(false);
    await fake.close();

    await start({ exitBeforeReady: 1 }, { supervision: { restarts: { ...noRestarts, maxEarlyDeaths: 9, backoffMs: 3_600_000, maxBackoffMs: 3_600_000 } } });
    await fake.reached('backoff');
    await fake.pool.stop();
    expect(fake.worker.state).toBe('stopped');
  });

  it('takes no requests any more, and can be stopped twice', async () => {
    await start();
    await fake.reached('ready');
    await Promise.all([fake.pool.stop(), fake.pool.stop()]);
    await expect(
      new Promise((_resolve, reject) => fake.pool.generate(generateRequest()).subscribe({ error: reject })),
    ).rejects.toMatchObject({ status: 503, code: 'shutting_down' });
    fake.pool.start();
    expect(fake.worker.state).toBe('stopped');
  });
});

const noRestarts = { maxEarlyDeaths: 0, earlyMs: 10_000, steadyMs: 60_000, backoffMs: 20, maxBackoffMs: 20 };
