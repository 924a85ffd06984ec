import { afterEach, describe, expect, it } from '@jest/globals';
import type { Completion } from 'openai/resources/completions';
import { readSettings } from '../../src/config/read-settings.js';
import { ModelManager } from '../../src/model-manager/model-manager.service.js';
import { FakeOpenAIEngine } from '../fake-engine/openai-engine.js';
import { closeAll, inFrontOf, probe, REPLY, textOf } from './engines-elsewhere.js';
import { Exposition } from './exposition.js';
import { CHAT, ServedGateway } from './served-gateway.js';

const WORDS = REPLY.split(' ').length;

let gateway: ServedGateway;
let engines: FakeOpenAIEngine[] = [];

const close = async (): Promise<void> => {
  await closeAll({ gateway, engines });
  engines = [];
};

afterEach(close);

const start = async (...how: Parameters<typeof inFrontOf>): Promise<void> => {
  ({ gateway, engines } = await inFrontOf(...how));
};

describe('an external engine in place of workers', () => {
  it('answers chats, streamed and whole, with its own usage, under its own name for the model', async () => {
    await start([{}], { MODEL: './no/such/model' });
    const client = gateway.client();
    const answer = await client.chat.completions.create({ ...CHAT, n: 2, top_p: 0.5 });
    expect(answer.choices.map(({ message, finish_reason }) => [message.content, finish_reason])).toEqual([
      [REPLY, 'stop'],
      [REPLY, 'stop'],
    ]);
    expect(answer.usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 2 * WORDS });
    expect(answer.usage?.prompt_tokens_details?.cached_tokens).toBe(2);

    const stream = await client.chat.completions.create({
      ...CHAT,
      ...{ model: 'acme/fox', stream: true, stream_options: { include_usage: true } },
    });
    let text = '';
    let tokens = 0;
    for await (const { choices, usage } of stream) {
      text += choices[0]?.delta.content ?? '';
      tokens = usage?.completion_tokens ?? tokens;
    }
    expect([text, tokens]).toEqual([REPLY, WORDS]);
    expect(engines[0]!.bodies[0]).toMatchObject({
      ...{
        model: 'acme/fox',
        n: 2,
        top_p: 0.5,
        stream: true,
        max_tokens: 512,
        stream_options: { include_usage: true },
      },
      messages: [{ role: 'user', content: 'Hello' }],
    });
    expect(gateway.engine.starts).toEqual([]);
  });

  it('is told of in the list of models, in health and in the metrics', async () => {
    await start([{}]);
    const { data } = await gateway.client().models.list();
    expect(data).toMatchObject([{ id: 'nanochat', root: 'acme/fox', max_model_len: 8192 }, { id: 'acme/fox' }]);
    const ready = await probe(gateway, 'ready');
    expect(ready.status).toBe(200);
    expect(JSON.parse(ready.body)).toMatchObject({
      details: { workers: { 'engine-0': { state: 'ready', url: engines[0]!.url, software: 'vllm' } } },
    });
    const metrics = await Exposition.of(gateway.address);
    expect(metrics.get('nanochat:worker_state{worker="engine-0",state="ready"}')).toBe(1);
    expect(metrics.get('nanochat:max_num_seqs')).toBe(256);
  });

  it('completes texts and token ids, and tells token ids where it is asked for them', async () => {
    await start([{}]);
    const ask = async (fields: object): Promise<Completion> =>
      (await (await gateway.post({ model: 'nanochat', ...fields }, { path: '/v1/completions' })).json()) as Completion;
    expect((await ask({ prompt: 'Once', echo: true })).choices[0]?.text).toBe(`Once${REPLY}`);
    const told = await ask({ prompt: [5, 6], max_tokens: 9, return_token_ids: false });
    expect(told.choices[0]?.text).toBe(REPLY);
    expect(engines[0]!.bodies.map(({ prompt }) => prompt)).toEqual(['Once', [5, 6]]);
    const chat = await gateway.post({ ...CHAT, return_token_ids: true });
    expect(await chat.json()).toMatchObject({
      prompt_token_ids: [1, 2, 3],
      choices: [{ token_ids: [100, 101, 102, 103, 104] }],
    });
  });

  it('gives log-probabilities of chats and completions', async () => {
    await start([{}]);
    const client = gateway.client();
    const chat = await client.chat.completions.create({ ...CHAT, logprobs: true, top_logprobs: 2 });
    const content = chat.choices[0]?.logprobs?.content;
    expect(content?.map(({ token }) => token).join('')).toBe(REPLY);
    expect(content?.[0]).toMatchObject({ logprob: -0.5, bytes: [84, 104, 101] });
    expect(content?.[1]?.top_logprobs.map(({ token }) => token)).toEqual([' quick', ' other']);
    const completion = await client.completions.create({ model: 'nanochat', prompt: 'Once', logprobs: 1 });
    expect(completion.choices[0]?.logprobs).toMatchObject({
      ...{ tokens: ['The', ' quick', ' brown', ' fox', ' jumps.'], text_offset: [0, 3, 9, 15, 19] },
      token_logprobs: [-0.5, -0.5, -0.5, -0.5, -0.5],
    });
  });

  it('tells tokens where it has routes for them, else that is 501', async () => {
    await start([{}]);
    const post = async (path: string, body: object) => {
      const answer = await gateway.post(body, { path });
      return { status: answer.status, body: await answer.json() };
    };
    expect(await post('/tokenize', { prompt: 'a b c', return_token_strs: true })).toEqual({
      status: 200,
      body: { count: 3, max_model_len: 8192, tokens: [10, 11, 12], token_strs: ['a', 'b', 'c'] },
    });
    expect((await post('/detokenize', { tokens: [4, 5] })).body).toEqual({ prompt: 't4 t5' });
    await close();
    await start([{ ownedBy: 'acme' }]);
    for (const [path, body] of [
      ['/tokenize', { prompt: 'a' }],
      ['/detokenize', { tokens: [1] }],
    ] as const) {
      expect(await post(path, body)).toMatchObject({ status: 501, body: { error: { code: 'not_supported' } } });
    }
  });
});

describe('what an external engine lacks', () => {
  it.each([
    ['n', { n: 2 }],
    ['top_k', { top_k: 5 }],
    ['min_p', { min_p: 0.1 }],
    ['repetition_penalty', { repetition_penalty: 1.1 }],
    ['logprobs', { logprobs: true }],
    ['return_token_ids', { return_token_ids: true }],
    ['calculator', { calculator: true }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['structured_outputs', { structured_outputs: { regex: 'a+' } }],
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }],
  ])('is refused by name, and it is not asked: %s', async (param, fields) => {
    await start([{ ownedBy: 'acme' }]);
    const answer = await gateway.post({ ...CHAT, ...fields });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { param, code: 'unsupported_parameter' } });
    expect(engines[0]!.bodies).toEqual([]);
  });

  it('is no hindrance where the value asks for nothing', async () => {
    await start([{ ownedBy: 'acme' }]);
    const answer = await gateway.post({ ...CHAT, top_k: -1, min_p: 0, repetition_penalty: 1, n: 1, calculator: false });
    expect(answer.status).toBe(200);
    expect(Object.keys(engines[0]!.bodies[0]!)).not.toContain('top_k');
  });

  it('goes to another that has it', async () => {
    await start([{ ownedBy: 'acme' }, {}]);
    for (let sent = 0; sent < 8; sent++) {
      const messages = [{ role: 'user', content: `prompt ${sent}` }];
      expect((await gateway.post({ ...CHAT, messages, top_k: 5 })).status).toBe(200);
    }
    expect(engines.map(({ bodies }) => bodies.length)).toEqual([0, 8]);
  });

  it('of a constraint, is passed on in its own words where it has that kind', async () => {
    await start([{}]);
    const schema = { type: 'object', properties: { a: { type: 'string' } } };
    const format = { type: 'json_schema', json_schema: { name: 'x', schema } };
    expect((await gateway.post({ ...CHAT, response_format: format })).status).toBe(200);
    expect((await gateway.post({ ...CHAT, structured_outputs: { regex: 'a+' } })).status).toBe(200);
    expect(engines[0]!.bodies[0]).toMatchObject({ response_format: { type: 'json_schema', json_schema: { schema } } });
    expect(engines[0]!.bodies[1]).toMatchObject({ structured_outputs: { regex: 'a+' } });
  });

  it('and does not say it lacks, breaks off its answer', async () => {
    await start([{ logprobs: false }]);
    const answer = await gateway.post({ ...CHAT, logprobs: true });
    expect(await answer.json()).toMatchObject({ error: { message: expect.stringContaining('log-probabilities') } });
  });
});

describe('external engines beside workers', () => {
  it('serve in one pool, each under its own name, and an answer that a worker began goes on with a worker', async () => {
    engines = [await FakeOpenAIEngine.start()];
    gateway = await ServedGateway.start(
      { reply: 'one two three four', lives: [{ crashAfterTokens: 2 }, {}] },
      { ENGINE_URLS: engines[0]!.url, WORKERS: '1', RESUME_TRIES: '3' },
    );
    await gateway.until(({ workers }) => workers.every(({ state }) => state === 'ready'));
    const { data } = await gateway.client().models.list();
    expect(data.map(({ id }) => id)).toEqual(['nanochat', 'fake', 'acme/fox']);
    const ask = (model: string) => gateway.post({ ...CHAT, model, stream: true }).then((answer) => answer.text());
    expect(textOf(await ask('acme/fox'))).toBe(REPLY);
    expect(textOf(await ask('fake'))).toBe('one two three four');
    expect(gateway.engine.starts).toHaveLength(2);
    expect(engines[0]!.bodies).toHaveLength(1);
  });

  it('are not waited for by what they can not do: that goes on with the next life of the worker', async () => {
    engines = [await FakeOpenAIEngine.start({ ownedBy: 'acme' })];
    gateway = await ServedGateway.start(
      { reply: 'one two three four', lives: [{ crashAfterTokens: 0 }, { loadMs: 300 }] },
      { ENGINE_URLS: engines[0]!.url, WORKERS: '1', RESUME_TRIES: '3' },
    );
    await gateway.until(({ workers }) => workers.every(({ state }) => state === 'ready'));
    const answer = await gateway.post({ ...CHAT, top_k: 5 });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('one two three four')]);
    expect(gateway.engine.starts).toHaveLength(2);
    expect(engines[0]!.bodies).toHaveLength(0);
  });
});

describe('new settings', () => {
  it('bring other external engines, and those that go finish what they generate', async () => {
    await start([{ tokenDelayMs: 100 }]);
    engines.push(await FakeOpenAIEngine.start({ reply: 'another one' }));
    const running = await gateway.post({ ...CHAT, stream: true });
    const settings = readSettings({ ENGINE_URLS: engines[1]!.url });
    await gateway.pool.replace(settings, new ModelManager(settings));
    expect(gateway.pool.status.workers.map(({ external }) => external?.url)).toEqual([engines[1]!.url]);
    expect(await (await gateway.post(CHAT)).text()).toContain('another one');
    expect(textOf(await running.text())).toBe(REPLY);
  });

  it('that say how long a token may take are those of the engines too', async () => {
    await start([{ tokenDelayMs: 3000 }]);
    const timeouts = { FIRST_TOKEN_TIMEOUT_SECONDS: '0.3', TOKEN_TIMEOUT_SECONDS: '0.3' };
    const settings = readSettings({ ENGINE_URLS: engines[0]!.url, ...timeouts });
    await gateway.pool.replace(settings, new ModelManager(settings));
    expect(await (await gateway.post(CHAT)).text()).toContain('within 0.3 s');
  });

  it('with engines of which none answers are refused, and the old ones stay', async () => {
    await start([{}]);
    const gone = await FakeOpenAIEngine.start();
    await gone.die();
    const settings = readSettings({ ENGINE_URLS: gone.url });
    await expect(gateway.pool.replace(settings, new ModelManager(settings))).rejects.toThrow(
      'none of the external engines is ready',
    );
    expect((await gateway.post(CHAT)).status).toBe(200);
  });
});
