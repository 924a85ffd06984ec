import { afterEach, describe, expect, it } from '@jest/globals';
import type OpenAI from 'openai';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { namedEventsOf } from './named-events.js';
import { ServedGateway } from './served-gateway.js';

const ASK = { model: 'nanochat', input: 'Hello' };
const WEATHER = {
  type: 'function' as const,
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  strict: true,
};
const CALL = '<tool_call>{"name":"get_weather","arguments":{"city":"New York City"}}</tool_call>';

let gateway: ServedGateway;

const start = async (script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start(script, environment);
};

const post = (fields: Record<string, unknown>): Promise<Response> =>
  gateway.post({ ...ASK, ...fields }, { path: '/v1/responses' });

/** The body that the engine got last. */
const received = async (): Promise<Record<string, unknown> & { sampling: Record<string, unknown> }> => {
  const { bodies } = await gateway.seen(({ requests }) => requests > 0);
  return JSON.parse(bodies.at(-1)!) as Awaited<ReturnType<typeof received>>;
};

/** A response without what differs between two runs. */
const timeless = (response: object): unknown =>
  JSON.parse(
    JSON.stringify(response, (name, value: unknown) =>
      ['id', 'call_id', 'item_id', 'created_at', 'completed_at'].includes(name) ? undefined : value,
    ),
  );

afterEach(() => gateway.close());

describe('a response', () => {
  it('is one object with every member that the SDK promises', async () => {
    await start({ reply: 'one two', promptTokens: 5 });
    const response = await gateway
      .client()
      .responses.create({ ...ASK, instructions: 'Be brief.', metadata: { a: 'b' } });
    expect(response).toMatchObject({
      ...{ object: 'response', model: 'nanochat', status: 'completed', error: null, incomplete_details: null },
      ...{ instructions: 'Be brief.', metadata: { a: 'b' }, store: true, output_text: 'one two' },
      ...{ parallel_tool_calls: true, tool_choice: 'auto', tools: [], temperature: null, top_p: null },
      ...{ previous_response_id: null, truncation: 'disabled', background: false, text: { format: { type: 'text' } } },
      output: [
        {
          ...{ type: 'message', role: 'assistant', status: 'completed' },
          content: [{ type: 'output_text', text: 'one two', annotations: [] }],
        },
      ],
      usage: {
        ...{ input_tokens: 5, output_tokens: 2, total_tokens: 7 },
        input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
        output_tokens_details: { reasoning_tokens: 0 },
      },
    });
    expect(response.id).toMatch(/^resp_/);
    expect(response.output[0]?.id).toMatch(/^msg_/);
  });

  it('is incomplete where max_output_tokens cut it', async () => {
    await start({ reply: 'one two three' });
    const response = await gateway.client().responses.create({ ...ASK, max_output_tokens: 2 });
    expect(response).toMatchObject({
      ...{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, max_output_tokens: 2 },
      output: [{ status: 'incomplete', content: [{ text: 'one two' }] }],
    });
  });

  it('is a message also where the model said nothing', async () => {
    await start({ reply: 'x' });
    await gateway.rescript({ reply: ' ' });
    const response = await gateway.client().responses.create(ASK);
    expect(response).toMatchObject({ status: 'completed', output_text: '', output: [{ type: 'message' }] });
  });

  it('has a function call for an item where the model calls a tool', async () => {
    await start({ reply: CALL });
    const response = await gateway.client().responses.create({ ...ASK, tools: [WEATHER], tool_choice: 'required' });
    expect(response).toMatchObject({
      ...{ status: 'completed', tool_choice: 'required', tools: [WEATHER] },
      output: [
        {
          ...{ type: 'function_call', name: 'get_weather', status: 'completed' },
          ...{ id: expect.stringMatching(/^fc_/), call_id: expect.stringMatching(/./) },
          arguments: '{"city":"New York City"}',
        },
      ],
    });
    expect(response.output).toHaveLength(1);
    expect((await received())['constraint']).toHaveProperty('lark');
  });

  it('asks the engine for what it was asked for', async () => {
    await start();
    const schema = { type: 'object', properties: { a: { type: 'integer' } } };
    await post({
      instructions: 'Be brief.',
      input: [
        { role: 'developer', content: 'In French.' },
        {
          type: 'message',
          role: 'user',
          content: [
            { type: 'input_text', text: 'Hel' },
            { type: 'input_text', text: 'lo' },
          ],
        },
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'Hi', annotations: [], logprobs: [] }],
        },
        { role: 'user', content: 'Bye' },
      ],
      ...{ temperature: 0, top_p: 0.5, top_k: 7, seed: 42, max_output_tokens: 9, calculator: false },
      text: { format: { type: 'json_schema', name: 'a', schema } },
    });
    expect(await received()).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'system', content: 'In French.' },
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hi' },
        { role: 'user', content: 'Bye' },
      ],
      sampling: { temperature: 0, top_p: 0.5, top_k: 7, seed: 42, max_tokens: 9 },
      ...{ constraint: { json_schema: schema }, calculator: false, n: 1 },
    });
  });

  it('takes calls and their outputs as turns of the conversation', async () => {
    await start();
    const answer = await post({
      tools: [WEATHER],
      input: [
        { role: 'user', content: 'Weather?' },
        {
          type: 'function_call',
          id: 'fc_1',
          call_id: 'c1',
          name: 'get_weather',
          arguments: '{"city":"Paris"}',
          status: 'completed',
        },
        { type: 'function_call', call_id: 'c2', name: 'get_weather', arguments: '{"city":"Rome"}' },
        { type: 'function_call_output', call_id: 'c1', output: 'rain' },
        { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'sun' }] },
      ],
    });
    expect(answer.status).toBe(200);
    const { messages } = (await received()) as unknown as { messages: { role: string; content: string }[] };
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user', 'user']);
    expect(messages[2]?.content).toContain('Paris');
    expect(messages[2]?.content).toContain('Rome');
    expect(messages[3]?.content).toBe('<tool_response>rain</tool_response>');
  });
});

describe('a streamed response', () => {
  it('sends its typed events in order, numbered from 0', async () => {
    await start({ reply: 'one two' });
    const answer = await post({ stream: true });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const events = namedEventsOf(await answer.text());
    expect(events.map(({ name }) => name)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events.map(({ data }) => data['sequence_number'])).toEqual(events.map((_, index) => index));
    expect(events[0]?.data['response']).toMatchObject({ status: 'in_progress', output: [], usage: null });
    expect(events[2]?.data['item']).toMatchObject({ status: 'in_progress', content: [] });
    expect(events[3]?.data['part']).toMatchObject({ type: 'output_text', text: '' });
    expect(events[6]?.data['text']).toBe('one two');
    expect(events[8]?.data['item']).toMatchObject({ status: 'completed', content: [{ text: 'one two' }] });
    const ids = events.map(({ data }) => data['item_id']).filter((id) => id !== undefined);
    expect(new Set(ids).size).toBe(1);
  });

  it.each([
    ['text', { reply: 'one two three' }, {}],
    ['a cut text', { reply: 'one two three' }, { max_output_tokens: 2 }],
    ['a call', { reply: CALL }, { tools: [WEATHER] }],
    ['two calls', { reply: CALL + CALL }, { tools: [WEATHER], tool_choice: 'required' as const }],
  ])('ends with the response that a client without a stream gets: %s', async (_what, script, fields) => {
    await start(script);
    const whole = await gateway.client().responses.create({ ...ASK, ...fields });
    const streamed = await gateway
      .client()
      .responses.stream({ ...ASK, ...fields })
      .finalResponse();
    const { output_parsed: _, ...final } = streamed;
    expect(
      JSON.parse(
        JSON.stringify(timeless(final), (name, value: unknown) =>
          name === 'parsed_arguments' || name === 'parsed' ? undefined : value,
        ),
      ),
    ).toEqual(timeless(whole));
    expect(streamed.output.length).toBe(whole.output.length);
  });

  it('sends the arguments of a call in pieces, then whole', async () => {
    await start({ reply: CALL });
    const events = namedEventsOf(await (await post({ tools: [WEATHER], stream: true })).text());
    expect(events.map(({ name }) => name)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const deltas = events.filter(({ name }) => name.endsWith('arguments.delta')).map(({ data }) => data['delta']);
    expect(deltas.join('')).toBe('{"city":"New York City"}');
    expect(events[6]?.data['arguments']).toBe('{"city":"New York City"}');
  });

  it('ends with response.incomplete at max_output_tokens', async () => {
    await start({ reply: 'one two three' });
    const events = namedEventsOf(await (await post({ stream: true, max_output_tokens: 1 })).text());
    expect(events.at(-1)?.name).toBe('response.incomplete');
    expect(events.at(-2)?.data['item']).toMatchObject({ status: 'incomplete' });
  });

  it('sends each event as soon as it is there', async () => {
    await start({ reply: 'one two three', stallAfterTokens: 1 });
    const reader = (await post({ stream: true })).body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('"delta":"one"')) text += (await reader.read()).value ?? '';
    expect(text).not.toContain('two');
    await reader.cancel();
  });
});

describe('a failure of the engine', () => {
  it.each([
    ['errorAfterTokens', 'the fake engine was told to fail'],
    ['cutAfterTokens', 'The engine'],
    ['crashAfterTokens', 'The engine'],
  ])('in mid-stream ends with response.failed and an error event (%s)', async (fault, message) => {
    await start({ lives: [{ [fault]: 2 }, { exitBeforeReady: 78 }] });
    const events = namedEventsOf(await (await post({ stream: true })).text());
    expect(events.slice(-2).map(({ name }) => name)).toEqual(['response.failed', 'error']);
    const failed = events.at(-2)?.data['response'] as OpenAI.Responses.Response;
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'server_error' }, store: false });
    expect(failed.output[0]).toMatchObject({ status: 'incomplete' });
    expect(failed.error?.message).toContain(message);
    expect(events.at(-1)?.data).toMatchObject({ message: failed.error?.message, param: null });
    expect(events.map(({ data }) => data['sequence_number'])).toEqual(events.map((_, index) => index));
    expect(events.some(({ name }) => name === 'response.completed')).toBe(false);
  });

  it('in mid-stream is an error of the SDK, also of its helper', async () => {
    await start({ errorAfterTokens: 2 });
    const seen: string[] = [];
    const read = async (): Promise<void> => {
      for await (const { type } of await gateway.client().responses.create({ ...ASK, stream: true })) seen.push(type);
    };
    await expect(read()).rejects.toThrow('the fake engine was told to fail');
    expect(seen.at(-1)).toBe('response.failed');
    const helper = gateway.client().responses.stream(ASK).finalResponse();
    await expect(helper).rejects.toThrow('the fake engine was told to fail');
  });

  it('before the first event has its real status, with a stream or without', async () => {
    await start({ cutAfterTokens: 0 });
    for (const stream of [true, false]) {
      const answer = await post({ stream });
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ error: { code: 'engine_unavailable' } });
    }
  });

  it('without a stream is never half an answer', async () => {
    await start({ cutAfterTokens: 2 });
    expect((await post({})).status).toBe(503);
  });

  it.each([
    ['messages', 'input'],
    ['messages[0].content', 'instructions'],
    ['messages[1].content', 'input'],
    ['constraint', 'text.format'],
    ['sampling.max_tokens', 'max_output_tokens'],
  ])('that refuses %s is told of as %s', async (param, told) => {
    await start({ refuse: { status: 400, code: 'invalid_value', message: 'no', param } });
    const answer = await post({ instructions: 'Be brief.', text: { format: { type: 'json_object' } }, stream: true });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { param: told, code: 'invalid_value' } });
  });
});
