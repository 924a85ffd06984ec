import { afterEach, describe, expect, it } from '@jest/globals';
import { type FakeEngineScript, rescript } from '../fake-engine/fake-engine.js';
import { generateRequest } from './generate-request.js';
import { isRunning, SupervisedFake, type SupervisedOptions } from './supervised-fake.js';

let fake: SupervisedFake;

async function start(script: FakeEngineScript = {}, options: SupervisedOptions = {}): Promise<void> {
  fake = await SupervisedFake.start(script, options);
}

afterEach(() => fake.close());

describe('a worker that hangs', () => {
  it('is killed and restarted when work is running and its loop does not move', async () => {
    await start({ lives: [{ hangAfterTokens: 2 }, {}] }, { environment: { HANG_SECONDS: '1' } });
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
    await start({ lives: [{}, {}] }, { environment: { HANG_SECONDS: '1' } });
    const { pid } = await fake.reached('ready');
    await rescript(fake.port, { healthSilent: true });
    expect((await fake.reached('hung')).reason).toContain('has not answered its health');
    expect((await fake.until(({ restarts, state }) => restarts === 1 && state === 'ready')).pid).not.toBe(pid);
  });

  it('is left alone while it is merely busy', async () => {
    await start({ tokenDelayMs: 300 }, { environment: { HANG_SECONDS: '1' } });
    await fake.reached('ready');
    await new Promise<void>((resolve, reject) =>
      fake.pool.generate(generateRequest()).subscribe({ error: reject, complete: resolve }),
    );
    expect(fake.history.at(-1)).toBe('ready');
    expect(fake.worker.restarts).toBe(0);
  });
});
