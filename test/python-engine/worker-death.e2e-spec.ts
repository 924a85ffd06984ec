import { afterEach, describe, expect, it } from '@jest/globals';
import { countsOf, type FakeEngineScript } from '../fake-engine/fake-engine.js';
import { isRunning, NO_RESTARTS, SupervisedFake, type SupervisedOptions } from './supervised-fake.js';

let fake: SupervisedFake;

async function start(script: FakeEngineScript = {}, options: SupervisedOptions = {}): Promise<void> {
  fake = await SupervisedFake.start(script, options);
}

afterEach(() => fake.close());

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
    await start({}, { supervision: { restarts: { ...NO_RESTARTS, maxEarlyDeaths: 1, backoffMs: 3_600_000 } } });
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

  it('takes its own children along, so that the next one finds their memory free', async () => {
    await start({ helper: true });
    const { pid } = await fake.reached('ready');
    const { helperPid } = await countsOf(fake.port);
    expect(isRunning(helperPid!)).toBe(true);
    process.kill(pid!, 'SIGKILL');
    await fake.until(({ restarts, state }) => restarts === 1 && state === 'starting');
    expect(isRunning(helperPid!)).toBe(false);
  });
});
