import { afterEach, describe, expect, it } from '@jest/globals';
import { lastValueFrom, toArray } from 'rxjs';
import type { GenerateEvent } from '../../src/python-engine/worker.js';
import { rescript, type FakeEngineScript } from '../fake-engine/fake-engine.js';
import { FollowedGeneration, textOf } from './followed-generation.js';
import { generateRequest } from './generate-request.js';
import { SupervisedFake } from './supervised-fake.js';

let fake: SupervisedFake;

async function start(script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> {
  fake = await SupervisedFake.start(script, { environment });
  await fake.reached('ready');
}

const generate = (): Promise<GenerateEvent[]> => lastValueFrom(fake.pool.generate(generateRequest()).pipe(toArray()));

const follow = (): FollowedGeneration => new FollowedGeneration(fake.pool);

afterEach(() => fake.close());

describe('a generation that fails', () => {
  it('is refused as the engine refuses it, with status, code and param', async () => {
    await start({
      refuse: { status: 400, code: 'context_length_exceeded', message: 'too long', param: 'messages' },
    });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({
      name: 'OpenAIError',
      status: 400,
      message: 'too long',
      type: 'invalid_request_error',
      code: 'context_length_exceeded',
      param: 'messages',
    });
    expect(events).toEqual([]);
  });

  it('is refused with the time to wait when the engine is full or going down', async () => {
    await start({ refuse: { status: 429, code: 'queue_full', retryAfter: '7' } });
    expect(await follow().ended).toMatchObject({
      status: 429,
      type: 'rate_limit_error',
      headers: { 'retry-after': '7' },
    });
  });

  it('is an error of ours when the engine refuses the gateway itself', async () => {
    await start({ refuse: { status: 401, code: 'invalid_api_key' } });
    expect(await follow().ended).toMatchObject({ status: 500, type: 'server_error', code: 'internal_error' });
  });

  it('tells that the first token did not come in time, and frees the engine', async () => {
    await start({ firstTokenDelayMs: 3_600_000 }, { FIRST_TOKEN_TIMEOUT_SECONDS: '0.2' });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({
      status: 503,
      code: 'engine_timeout',
      message: expect.stringContaining('first'),
    });
    expect(events).toEqual([{ type: 'admitted', promptTokens: 9, worker: 'worker-0' }]);
    await fake.seen(({ aborted }) => aborted === 1);
  });

  it('counts the wait for admission into the time of the first token', async () => {
    await start({ admitDelayMs: 3_600_000 }, { FIRST_TOKEN_TIMEOUT_SECONDS: '0.2' });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({ code: 'engine_timeout' });
    expect(events).toEqual([]);
  });

  it('tells that the next token did not come in time', async () => {
    await start({ stallAfterTokens: 2 }, { TOKEN_TIMEOUT_SECONDS: '0.2' });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({
      status: 503,
      code: 'engine_timeout',
      message: expect.stringContaining('next'),
    });
    expect(textOf(events)).toBe('The quick');
  });

  it('tells the error that the engine sends in mid-stream', async () => {
    await start({ errorAfterTokens: 2 });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({
      type: 'server_error',
      code: 'internal_error',
      message: expect.stringContaining('told to fail'),
    });
    expect(textOf(events)).toBe('The quick');
  });

  it('tells that the stream was cut when it ends without its last line', async () => {
    await start({ cutAfterTokens: 2 });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({ status: 503, type: 'server_error', code: 'engine_unavailable' });
    expect(textOf(events)).toBe('The quick');
  });

  it('tells of the death of the engine, after all that it had sent; the next one is served', async () => {
    await start({ lives: [{ crashAfterTokens: 4 }, {}] });
    const { events, ended } = follow();
    expect(await ended).toMatchObject({ status: 503, code: 'engine_unavailable' });
    expect(textOf(events)).toBe('The quick brown fox');
    await fake.until(({ state, restarts }) => state === 'ready' && restarts === 1);
    expect(textOf(await generate())).toBe('The quick brown fox jumps over the lazy dog.');
  });

  it('is refused while the model loads, while the engine comes back, and once it has failed', async () => {
    fake = await SupervisedFake.start({ lives: [{ holdAt: 'loading' }, { holdAt: 'loading', exitBeforeReady: 78 }] });
    expect(await follow().ended).toMatchObject({ status: 503, code: 'model_loading' });
    await fake.reached('loading');
    expect(await follow().ended).toMatchObject({ status: 503, code: 'model_loading' });
    await rescript(fake.port, { holdAt: null });
    process.kill((await fake.reached('ready')).pid!, 'SIGKILL');
    await fake.reached('loading');
    expect(await follow().ended).toMatchObject({
      status: 503,
      code: 'engine_unavailable',
      headers: { 'retry-after': '2' },
    });
    await rescript(fake.port, { holdAt: null });
    await fake.reached('failed');
    expect(await follow().ended).toMatchObject({
      status: 503,
      code: 'engine_unavailable',
      headers: { 'retry-after': '30', 'x-should-retry': 'false' },
    });
  });
});
