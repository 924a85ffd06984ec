import { afterEach, describe, expect, it } from '@jest/globals';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { generateRequest } from './generate-request.js';
import { isRunning, NO_RESTARTS, SupervisedFake, type SupervisedOptions } from './supervised-fake.js';

let fake: SupervisedFake;

async function start(script: FakeEngineScript = {}, options: SupervisedOptions = {}): Promise<void> {
  fake = await SupervisedFake.start(script, options);
}

afterEach(() => fake.close());

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

    await start(
      { exitBeforeReady: 1 },
      {
        supervision: { restarts: { ...NO_RESTARTS, maxEarlyDeaths: 9, backoffMs: 3_600_000, maxBackoffMs: 3_600_000 } },
      },
    );
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
