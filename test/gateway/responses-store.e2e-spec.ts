import { afterEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { makeKey } from './made-key.js';
import { ServedGateway } from './served-gateway.js';

const ASK = { model: 'nanochat', input: 'Hello' };

let gateway: ServedGateway;
let client: OpenAI;

const start = async (script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start(script, environment);
  client = gateway.client();
};

const messages = async (): Promise<unknown> => {
  const { bodies } = await gateway.seen(({ requests }) => requests > 0);
  return (JSON.parse(bodies.at(-1)!) as { messages: unknown }).messages;
};

afterEach(() => gateway.close());

describe('a response that is kept', () => {
  it.each([true, false])('can be continued, without its instructions (stream: %s)', async (stream) => {
    await start({ reply: 'Hi there' });
    const ask = { ...ASK, instructions: 'Be brief.' };
    const first = stream ? await client.responses.stream(ask).finalResponse() : await client.responses.create(ask);
    const second = await client.responses.create({ ...ASK, input: 'More', previous_response_id: first.id });
    expect(second.previous_response_id).toBe(first.id);
    await client.responses.create({ ...ASK, input: 'Bye', previous_response_id: second.id });
    expect(await messages()).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi there' },
      { role: 'user', content: 'More' },
      { role: 'assistant', content: 'Hi there' },
      { role: 'user', content: 'Bye' },
    ]);
  });

  it('brings its calls along, whose outputs can follow', async () => {
    const tools = [{ type: 'function' as const, name: 'f', parameters: {}, strict: false }];
    await start({ reply: '<tool_call>{"name":"f","arguments":{}}</tool_call>' });
    const first = await client.responses.create({ ...ASK, tools });
    const call = first.output[0] as OpenAI.Responses.ResponseFunctionToolCall;
    const output = { type: 'function_call_output' as const, call_id: call.call_id, output: '42' };
    await client.responses.create({ ...ASK, input: [output], previous_response_id: first.id });
    expect(await messages()).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: expect.stringContaining('"f"') },
      { role: 'user', content: '<tool_response>42</tool_response>' },
    ]);
    const stray = client.responses.create({ ...ASK, input: [output] });
    await expect(stray).rejects.toMatchObject({ status: 400, param: 'input[0]' });
  });

  it('can be retrieved and deleted', async () => {
    await start({ reply: 'Hi' });
    const { id, output_text, ...rest } = await client.responses.create(ASK);
    expect(await client.responses.retrieve(id)).toMatchObject({ id, output_text, usage: rest.usage, store: true });
    await client.responses.delete(id);
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(client.responses.delete(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('is deleted by a request that names a type and has no body, as the Python SDK sends it', async () => {
    await start();
    const { id } = await client.responses.create(ASK);
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${gateway.address}/v1/responses/${id}`, { method: 'DELETE', headers });
    expect(answer.status).toBe(200);
    expect((await gateway.post('', { path: '/v1/responses' })).status).toBe(400);
  });

  it('is not streamed again', async () => {
    await start();
    const { id } = await client.responses.create(ASK);
    const again = client.responses.retrieve(id, { stream: true });
    await expect(again).rejects.toMatchObject({ status: 400, param: 'stream', code: 'unsupported_parameter' });
  });
});

describe('a response of somebody else', () => {
  it('is not there: it can not be continued, retrieved or deleted, and its own key still can', async () => {
    const [alice, bob] = [makeKey('alice'), makeKey('bob')];
    await start({ reply: 'Hi' }, { API_KEYS: `${alice.entry},${bob.entry}` });
    const of = ({ key }: typeof alice): OpenAI.Responses =>
      new OpenAI({ baseURL: `${gateway.address}/v1`, apiKey: key, maxRetries: 0 }).responses;
    const { id } = await of(alice).create(ASK);
    const refused = await Promise.allSettled([
      of(bob).retrieve(id),
      of(bob).delete(id),
      of(bob).create({ ...ASK, previous_response_id: id }),
      of(bob).create({ ...ASK, previous_response_id: 'resp_of_nobody' }),
    ]);
    const errors = refused.map((result) => (result as PromiseRejectedResult).reason as Error);
    for (const error of errors) expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(errors[2]?.message.replace(id, '')).toBe(errors[3]?.message.replace('resp_of_nobody', ''));
    expect(await of(alice).create({ ...ASK, previous_response_id: id })).toMatchObject({ previous_response_id: id });
    await of(alice).delete(id);
  });
});

describe('the store of responses', () => {
  it('lets the least recently used go beyond RESPONSES_STORE_COUNT, and says so', async () => {
    await start({}, { RESPONSES_STORE_COUNT: '2' });
    const [first, second] = [await client.responses.create(ASK), await client.responses.create(ASK)];
    await client.responses.retrieve(first.id);
    const third = await client.responses.create(ASK);
    const error = await client.responses.create({ ...ASK, previous_response_id: second.id }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ param: 'previous_response_id', code: 'previous_response_not_found' });
    expect((error as Error).message).toMatch(/in memory/);
    await client.responses.retrieve(first.id);
    await client.responses.retrieve(third.id);
  });

  it('counts bytes too: beyond RESPONSES_STORE_BYTES older ones go', async () => {
    await start({}, { RESPONSES_STORE_BYTES: '16000' });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      const { id, store } = (await client.responses.create({ ...ASK, input: 'x'.repeat(2000) })) as {
        id: string;
        store?: boolean;
      };
      expect(store).toBe(true);
      ids.push(id);
    }
    const kept = await Promise.allSettled(ids.map((id) => client.responses.retrieve(id)));
    expect(kept.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled', 'fulfilled']);
  });

  it.each([
    ['store: false', { store: false }, {}],
    ['a store without room', {}, { RESPONSES_STORE_COUNT: '0' }],
    ['a store that is smaller than the answer', {}, { RESPONSES_STORE_BYTES: '100' }],
  ])('keeps nothing with %s, and the answer says so', async (_name, fields, environment) => {
    await start({}, environment);
    for (const stream of [true, false]) {
      const ask = { ...ASK, ...fields };
      const answer = stream ? await client.responses.stream(ask).finalResponse() : await client.responses.create(ask);
      expect(answer).toMatchObject({ status: 'completed', store: false });
      await expect(client.responses.retrieve(answer.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    }
  });

  it('keeps no answer that failed', async () => {
    await start({ errorAfterTokens: 1 });
    let id = '';
    const read = async (): Promise<void> => {
      for await (const event of await client.responses.create({ ...ASK, stream: true })) {
        if (event.type === 'response.created') id = event.response.id;
      }
    };
    await expect(read()).rejects.toThrow();
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});
