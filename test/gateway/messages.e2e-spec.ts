import Anthropic from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { namedEventsOf } from './named-events.js';
import { ServedGateway } from './served-gateway.js';

const ASK = { model: 'nanochat', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello' }] };
const WEATHER = {
  name: 'get_weather',
  description: 'Weather of a city',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
};
const CALL = '<tool_call>{"name":"get_weather","arguments":{"city":"New York City"}}</tool_call>';

let gateway: ServedGateway;
let client: Anthropic;

const start = async (script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start(script, environment);
  client = new Anthropic({ baseURL: gateway.address, apiKey: 'none', maxRetries: 0 });
};

const post = (fields: Record<string, unknown>): Promise<Response> =>
  gateway.post({ ...ASK, ...fields }, { path: '/v1/messages', headers: { 'anthropic-version': '2023-06-01' } });

/** The body that the engine got last. */
const received = async (): Promise<Record<string, unknown> & { messages: { role: string; content: string }[] }> => {
  const { bodies } = await gateway.seen(({ requests }) => requests > 0);
  return JSON.parse(bodies.at(-1)!) as Awaited<ReturnType<typeof received>>;
};

/** A message without what differs between two runs, and without what the SDK's helper adds. */
const timeless = ({ content, ...rest }: Anthropic.Message): unknown => ({
  ...rest,
  ...{ id: null, parsed_output: null },
  content: content.map((block) => ('id' in block ? { ...block, id: null } : block)),
});

afterEach(() => gateway.close());

describe('a message', () => {
  it('is one object with every member that the SDK promises', async () => {
    await start({ reply: 'one two', promptTokens: 5 });
    const message = await client.messages.create({ ...ASK, system: 'Be brief.', metadata: { user_id: 'ann' } });
    expect(message).toMatchObject({
      ...{ type: 'message', role: 'assistant', model: 'nanochat', stop_reason: 'end_turn', stop_sequence: null },
      ...{ container: null, diagnostics: null, stop_details: null },
      content: [{ type: 'text', text: 'one two', citations: null }],
      usage: { input_tokens: 5, output_tokens: 2, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
    });
    expect(message.id).toMatch(/^msg_/);
    expect(message._request_id).toMatch(/^req_/);
  });

  it('stops at max_tokens', async () => {
    await start({ reply: 'one two three' });
    const message = await client.messages.create({ ...ASK, max_tokens: 2 });
    expect(message).toMatchObject({ stop_reason: 'max_tokens', content: [{ text: 'one two' }] });
  });

  it('names the stop sequence that ended it', async () => {
    await start({ reply: 'one two', stop: ' END' });
    const message = await client.messages.create({ ...ASK, stop_sequences: [' END', 'x'] });
    expect(message).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: ' END' });
    expect(await received()).toMatchObject({ sampling: { stop: [' END', 'x'] } });
  });

  it('has a tool_use block where the model calls a tool', async () => {
    await start({ reply: CALL });
    const message = await client.messages.create({ ...ASK, tools: [WEATHER], tool_choice: { type: 'any' } });
    expect(message).toMatchObject({
      stop_reason: 'tool_use',
      content: [
        { type: 'tool_use', name: 'get_weather', input: { city: 'New York City' }, caller: { type: 'direct' } },
      ],
    });
    expect(message.content).toHaveLength(1);
    expect(await received()).toHaveProperty('constraint.lark');
  });

  it('asks the engine for what it was asked for', async () => {
    await start();
    await post({
      system: [
        { type: 'text', text: 'Be ' },
        { type: 'text', text: 'brief.', cache_control: { type: 'ephemeral' } },
      ],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hel' },
            { type: 'text', text: 'lo' },
          ],
        },
        { role: 'assistant', content: [{ type: 'text', text: 'Hi', citations: null }] },
        { role: 'user', content: 'Bye' },
      ],
      ...{ temperature: 0, top_p: 0.5, top_k: 7, max_tokens: 9, calculator: false },
      output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
    });
    expect(await received()).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hi' },
        { role: 'user', content: 'Bye' },
      ],
      sampling: { temperature: 0, top_p: 0.5, top_k: 7, max_tokens: 9 },
      ...{ calculator: false, n: 1, constraint: { json_schema: { type: 'object' } } },
    });
  });

  it('takes calls and their results as turns of the conversation', async () => {
    await start({ reply: CALL });
    const first = await client.messages.create({ ...ASK, tools: [WEATHER] });
    const call = first.content[0] as Anthropic.ToolUseBlock;
    const result = { type: 'tool_result' as const, tool_use_id: call.id };
    const answer = (more: object) => ({
      ...ASK,
      tools: [WEATHER],
      messages: [
        ...ASK.messages,
        { role: 'assistant' as const, content: first.content },
        {
          role: 'user' as const,
          content: [
            { ...result, ...more },
            { type: 'text' as const, text: 'So?' },
          ],
        },
      ],
    });
    await client.messages.create(answer({ content: 'rain' }));
    const [system, ...turns] = (await received()).messages;
    expect(system).toMatchObject({ role: 'system', content: expect.stringContaining('get_weather') });
    expect(turns).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: CALL },
      { role: 'user', content: '<tool_response>rain</tool_response>' },
      { role: 'user', content: 'So?' },
    ]);
    await client.messages.create(answer({ content: [{ type: 'text', text: 'no' }], is_error: true }));
    expect((await received()).messages.at(-2)?.content).toBe('<tool_response>Error: no</tool_response>');
  });
});

describe('a streamed message', () => {
  it('sends its typed events in order', async () => {
    await start({ reply: 'one two', promptTokens: 5 });
    const answer = await post({ stream: true });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers.get('request-id')).toBe(answer.headers.get('x-request-id'));
    const events = namedEventsOf(await answer.text()).map(({ data }) => data);
    expect(events).toMatchObject([
      {
        type: 'message_start',
        message: { content: [], stop_reason: null, usage: { input_tokens: 5, output_tokens: 0 } },
      },
      { type: 'ping' },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'one' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' two' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { input_tokens: 5, output_tokens: 2 },
      },
      { type: 'message_stop' },
    ]);
  });

  it.each([
    ['text', { reply: 'one two three' }, {}],
    ['a cut text', { reply: 'one two three' }, { max_tokens: 2 }],
    ['a stopped text', { reply: 'one', stop: 'x' }, { stop_sequences: ['x'] }],
    ['no text', { reply: ' ' }, {}],
    ['a call', { reply: CALL }, { tools: [WEATHER] }],
    ['two calls', { reply: CALL + CALL }, { tools: [WEATHER], tool_choice: { type: 'any' as const } }],
  ])('comes to the message that a client without a stream gets: %s', async (_what, script, fields) => {
    await start(script);
    const whole = await client.messages.create({ ...ASK, ...fields });
    const streamed = await client.messages.stream({ ...ASK, ...fields }).finalMessage();
    expect(timeless(streamed)).toEqual(timeless(whole));
  });

  it('sends each event as soon as it is there', async () => {
    await start({ reply: 'one two three', stallAfterTokens: 1 });
    const reader = (await post({ stream: true })).body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('"text":"one"')) text += (await reader.read()).value ?? '';
    expect(text).not.toContain('two');
    await reader.cancel();
  });

  it.each([
    ['errorAfterTokens', 'the fake engine was told to fail'],
    ['cutAfterTokens', 'The engine'],
    ['crashAfterTokens', 'The engine'],
  ])('ends with an error event where the engine fails (%s)', async (fault, message) => {
    await start({ lives: [{ [fault]: 2 }, { exitBeforeReady: 78 }] });
    const answer = await post({ stream: true });
    const events = namedEventsOf(await answer.text());
    expect(events.at(-1)?.data).toEqual({
      type: 'error',
      error: { type: 'api_error', message: expect.stringContaining(message) },
      request_id: answer.headers.get('x-request-id'),
    });
    expect(events.some(({ name }) => name === 'message_delta' || name === 'message_stop')).toBe(false);
  });

  it('lets the SDK see the failure as an error', async () => {
    await start({ errorAfterTokens: 2 });
    await expect(client.messages.stream(ASK).finalMessage()).rejects.toMatchObject({ type: 'api_error' });
  });
});
