import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type OpenAI from 'openai';
import { follow, received, saying } from './chat-scripts.js';
import { chunksOf } from './event-lines.js';
import { CHAT, ServedGateway } from './served-gateway.js';

const ARGUMENTS = '{"city":"Paris \\"}</tool_call>","days":[{"n":1}]}';
const call = (name = 'weather', json = ARGUMENTS) => `<tool_call>{"name":"${name}","arguments":${json}}</tool_call>`;

const tool = (name: string, fields = {}) => ({ type: 'function' as const, function: { name, ...fields } });
const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const TOOLS = [tool('weather', { description: 'Of a city', parameters: PARAMETERS }), tool('now')];
const ASK = { ...CHAT, tools: TOOLS };
const ID = /^call_[0-9a-f]{24}$/;

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await ServedGateway.start();
});
beforeEach(() => follow(gateway));
afterAll(() => gateway.close());

const answered = async (fields: object = {}) => {
  const body = { ...ASK, ...fields } as OpenAI.ChatCompletionCreateParamsNonStreaming;
  return (await gateway.client().chat.completions.create(body)).choices[0]!;
};

const streamed = async (fields: object = {}) =>
  chunksOf(await (await gateway.post({ ...ASK, ...fields, stream: true })).text());

describe('an answer that calls a tool', () => {
  it('has the call with an id, and no content', async () => {
    await follow(gateway, saying(call()));
    const { message, finish_reason } = await answered();
    expect(finish_reason).toBe('tool_calls');
    expect(message).toEqual({
      ...{ role: 'assistant', content: null, refusal: null, annotations: [] },
      tool_calls: [
        { id: expect.stringMatching(ID), type: 'function', function: { name: 'weather', arguments: ARGUMENTS } },
      ],
    });
  });

  it.each([1, 3, 8, 1000])(
    'is streamed as id and name, then pieces of the arguments (%i characters a token)',
    async (size) => {
      await follow(gateway, saying(call(), size));
      const deltas = (await streamed()).map(({ choices }) => choices[0]);
      expect(deltas[0]?.delta).toEqual({ role: 'assistant', content: null, refusal: null });
      const calls = deltas.flatMap((choice) => choice?.delta.tool_calls ?? []);
      expect(calls[0]).toEqual({
        ...{ index: 0, id: expect.stringMatching(ID), type: 'function' },
        function: { name: 'weather', arguments: '' },
      });
      expect(
        calls
          .slice(1)
          .map((piece) => piece.function.arguments)
          .join(''),
      ).toBe(ARGUMENTS);
      expect(calls.slice(1).every((piece) => piece.id === undefined && piece.function.name === undefined)).toBe(true);
      expect(deltas.some((choice) => typeof choice?.delta.content === 'string')).toBe(false);
      expect(deltas.at(-1)).toEqual({ index: 0, delta: {}, logprobs: null, finish_reason: 'tool_calls' });
    },
  );

  it('has several calls in order, each with an id of its own', async () => {
    await follow(gateway, saying(call() + call('now', '{}') + call('now', '{}')));
    const { message } = await answered({ tool_choice: 'required' });
    const calls = (message.tool_calls ?? []) as OpenAI.ChatCompletionMessageFunctionToolCall[];
    expect(calls.map((each) => each.function.name)).toEqual(['weather', 'now', 'now']);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(3);
    const indices = (await streamed()).flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
    expect(new Set(indices.map(({ index }) => index))).toEqual(new Set([0, 1, 2]));
  });

  it('ends with stop where the client named the tool, as at OpenAI, and with tool_calls where any was required', async () => {
    await follow(gateway, saying(call('now', '{}')));
    const named = { tool_choice: { type: 'function', function: { name: 'now' } } };
    expect((await answered(named)).finish_reason).toBe('stop');
    expect((await streamed(named)).at(-1)?.choices[0]?.finish_reason).toBe('stop');
    expect((await answered({ tool_choice: 'required' })).finish_reason).toBe('tool_calls');
  });

  it('ends with length where max_tokens cut it, with the arguments as far as they came', async () => {
    await follow(gateway, saying(call(), 10));
    const { message, finish_reason } = await answered({ max_tokens: 6 });
    expect(finish_reason).toBe('length');
    const [cut] = message.tool_calls as OpenAI.ChatCompletionMessageFunctionToolCall[];
    expect(cut?.function).toEqual({ name: 'weather', arguments: call().slice(41, 60) });
  });

  it('has the calls of every choice', async () => {
    await follow(gateway, saying(call('now', '{}')));
    const body = { ...ASK, n: 2 } as OpenAI.ChatCompletionCreateParamsNonStreaming;
    const { choices } = await gateway.client().chat.completions.create(body);
    expect(choices.map(({ message }) => message.tool_calls?.length)).toEqual([1, 1]);
    expect(choices[0]?.message.tool_calls?.[0]?.id).not.toBe(choices[1]?.message.tool_calls?.[0]?.id);
  });

  it('comes from the SDK whole, when the SDK gathers the stream', async () => {
    await follow(gateway, saying(call()));
    const stream = gateway.client().chat.completions.stream(ASK);
    const { message } = (await stream.finalChatCompletion()).choices[0]!;
    expect(message.content).toBeNull();
    expect(message.tool_calls?.[0]).toMatchObject({ function: { name: 'weather', arguments: ARGUMENTS } });
  });
});

describe('an answer that could call a tool and does not', () => {
  it('is text', async () => {
    const { message, finish_reason } = await answered();
    expect([message.content, message.tool_calls, finish_reason]).toEqual(['one two', undefined, 'stop']);
  });

  it('is held back only while it could become a call', async () => {
    await follow(gateway, { tokens: ['<tool', '_', 'box>', ' <tool_call>'].map((text) => [...Buffer.from(text)]) });
    const texts = (await streamed()).map(({ choices }) => choices[0]?.delta.content).filter(Boolean);
    expect(texts).toEqual(['<tool_box>', ' <tool_call>']);
  });

  it('shows what was held back when it ends there', async () => {
    await follow(gateway, saying('<tool_', 2));
    expect((await answered()).message.content).toBe('<tool_');
    expect((await streamed()).at(-2)?.choices[0]?.delta).toEqual({ content: '<tool_' });
  });
});

describe('what the engine is asked when there are tools', () => {
  it('has them in the prompt, and a grammar that allows text and calls, without the calculator', async () => {
    await answered({ messages: [{ role: 'system', content: 'Be brief.' }, ...CHAT.messages] });
    const { messages, constraint } = await received(gateway);
    expect(messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'system',
        content: expect.stringContaining(
          JSON.stringify({ name: 'weather', description: 'Of a city', parameters: PARAMETERS }),
        ),
      },
      { role: 'user', content: 'Hello' },
    ]);
    expect((constraint as { lark: string }).lark).toMatch(/^start: \| TEXT \| call\{1,16\}/);
  });

  it.each([
    ['required', 'start: call{1,16}'],
    [{ type: 'function', function: { name: 'now' } }, 'start: call{1,1}'],
  ])('has a grammar of calls alone for %j', async (tool_choice, start) => {
    await follow(gateway, saying(call('now', '{}')));
    await answered({ tool_choice });
    expect((await received(gateway))['constraint']).toEqual({ lark: expect.stringContaining(`${start}\n`) });
  });

  it('has one call at most where parallel ones are not wanted', async () => {
    await answered({ parallel_tool_calls: false });
    expect((await received(gateway))['constraint']).toEqual({ lark: expect.stringContaining('call{1,1}') });
  });

  it('has neither for tool_choice none', async () => {
    await answered({ tool_choice: 'none' });
    const { messages, constraint } = await received(gateway);
    expect(messages).toEqual(CHAT.messages);
    expect(constraint).toBeUndefined();
  });

  it('has earlier calls and their results as the model wrote and read them', async () => {
    const made = { id: 'call_1', type: 'function', function: { name: 'now', arguments: '{}', parsed_arguments: {} } };
    await answered({
      messages: [
        ...CHAT.messages,
        { role: 'assistant', content: null, tool_calls: [made], refusal: null, parsed: null },
        { role: 'tool', tool_call_id: 'call_1', content: 'noon' },
      ],
    });
    expect(((await received(gateway))['messages'] as unknown[]).slice(2)).toEqual([
      { role: 'assistant', content: call('now', '{}') },
      { role: 'user', content: '<tool_response>noon</tool_response>' },
    ]);
  });

  it('may have text of a schema instead of calls', async () => {
    await follow(gateway, { reply: '{"a":1}' });
    const schema = { type: 'object', properties: { a: { type: 'integer' } } };
    const { message } = await answered({
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
    });
    expect(message.content).toBe('{"a":1}');
    const { lark } = (await received(gateway))['constraint'] as { lark: string };
    expect(lark).toMatch(/^start: text \| call/);
    expect(lark).toContain('text: %json {"type":"object","properties":{"a":{"type":"integer"}}');
  });
});

describe('a stream with tools that fails', () => {
  it('ends with an error event and [DONE], after what came of the call and without a finish', async () => {
    await follow(gateway, { ...saying(call()), errorAfterTokens: 12 });
    const chunks = await streamed();
    expect(chunks.some(({ choices }) => choices?.[0]?.delta.tool_calls !== undefined)).toBe(true);
    expect(chunks.at(-1)?.error).toMatchObject({ type: 'server_error', code: 'internal_error' });
    expect(chunks.some(({ choices }) => choices?.[0]?.finish_reason != null)).toBe(false);
  });

  it('is an error of the SDK that gathers it', async () => {
    await follow(gateway, { ...saying(call()), errorAfterTokens: 12 });
    await expect(gateway.client().chat.completions.stream(ASK).finalChatCompletion()).rejects.toThrow('told to fail');
  });

  it('fails too where the engine sends what no grammar of ours allows', async () => {
    await follow(gateway, saying('<tool_call>{"tool":"weather"}'.padEnd(400)));
    expect((await streamed()).at(-1)?.error).toMatchObject({ code: 'engine_unavailable' });
  });
});

describe('a refusal of the engine', () => {
  const refusing = (param: string) =>
    follow(gateway, { refuse: { status: 400, code: 'invalid_value', message: 'too deep', param } });
  const refused = async (fields: object) =>
    ((await (await gateway.post({ ...CHAT, ...fields })).json()) as { error: { param: string } }).error.param;
  const schema = { type: 'json_schema', json_schema: { name: 'a', schema: {} } };

  it.each([
    ['tools', { tools: TOOLS }],
    ['response_format', { response_format: schema }],
    ['structured_outputs', { structured_outputs: { regex: 'a+' } }],
  ])('of a constraint names %s', async (param, fields) => {
    await refusing('constraint');
    expect(await refused(fields)).toBe(param);
  });

  it('names the message as the client counts them', async () => {
    const messages = [{ role: 'system', content: 'x' }, ...CHAT.messages];
    for (const [theirs, ours] of [
      [0, 'messages[0].content'],
      [1, 'tools'],
      [2, 'messages[1].content'],
    ]) {
      await refusing(`messages[${theirs}].content`);
      expect(await refused({ messages, tools: TOOLS })).toBe(ours);
    }
  });

  it('names a sampling parameter as the client does', async () => {
    await refusing('sampling.logit_bias');
    expect(await refused({ logit_bias: { 5000: 1 } })).toBe('logit_bias');
  });
});
