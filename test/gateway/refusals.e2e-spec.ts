import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BadRequestError, NotFoundError } from 'openai';
import { countsOf } from '../fake-engine/fake-engine.js';
import { CHAT, ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await ServedGateway.start({}, { MAX_MESSAGES: '3', MAX_MESSAGE_CHARS: '10', MAX_TOTAL_CHARS: '20' });
});
afterAll(() => gateway.close());

const user = (content: unknown) => ({ messages: [{ role: 'user', content }] });
const many = (count: number, content = 'x') => ({
  messages: Array.from({ length: count }, () => ({ role: 'user', content })),
});

type Row = [name: string, fields: Record<string, unknown>, param: string | null, code: string | null];

const invalid: Row[] = [
  ['a number given as a string', { temperature: '0.5' }, 'temperature', 'invalid_value'],
  ['a temperature above 2', { temperature: 2.1 }, 'temperature', 'invalid_value'],
  ['a negative temperature', { temperature: -0.1 }, 'temperature', 'invalid_value'],
  ['top_p of 0', { top_p: 0 }, 'top_p', 'invalid_value'],
  ['top_p above 1', { top_p: 1.5 }, 'top_p', 'invalid_value'],
  ['top_k above 200', { top_k: 201 }, 'top_k', 'invalid_value'],
  ['a fractional top_k', { top_k: 1.5 }, 'top_k', 'invalid_value'],
  ['max_tokens of 0', { max_tokens: 0 }, 'max_tokens', 'invalid_value'],
  ['max_tokens above 4096', { max_tokens: 4097 }, 'max_tokens', 'invalid_value'],
  ['max_completion_tokens above 4096', { max_completion_tokens: 4097 }, 'max_completion_tokens', 'invalid_value'],
  ['max_tokens that differs', { max_tokens: 1, max_completion_tokens: 2 }, 'max_tokens', null],
  ['n of 0', { n: 0 }, 'n', 'invalid_value'],
  ['n above 8', { n: 9 }, 'n', 'invalid_value'],
  ['n times max_tokens above 8192', { n: 3, max_tokens: 4096 }, 'n', 'invalid_value'],
  ['a negative seed', { seed: -1 }, 'seed', 'invalid_value'],
  ['a fractional seed', { seed: 1.5 }, 'seed', 'invalid_value'],
  ['five stop strings', { stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop', 'invalid_value'],
  ['an empty stop string', { stop: '' }, 'stop', 'invalid_value'],
  ['a stop string of 65 characters', { stop: ['x'.repeat(65)] }, 'stop', 'invalid_value'],
  ['a stop that is no string', { stop: [1] }, 'stop', 'invalid_value'],
  ['a stop string that is half a character', { stop: ['\ud800'] }, 'stop', 'invalid_value'],
  [
    'a field of a text part that nobody knows',
    { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', colour: 'red' }] }] },
    'messages[0].content',
    'invalid_value',
  ],
  ['a model name without end', { model: 'x'.repeat(257) }, 'model', 'invalid_value'],
  ['stream as a string', { stream: 'true' }, 'stream', 'invalid_value'],
  ['stream_options without stream', { stream_options: { include_usage: true } }, 'stream_options', null],
  [
    'include_usage as a string',
    { stream: true, stream_options: { include_usage: 'yes' } },
    'stream_options.include_usage',
    'invalid_value',
  ],
  ['stream_options as an array', { stream: true, stream_options: [] }, 'stream_options', 'invalid_value'],
  ['no model', { model: undefined }, 'model', 'missing_required_parameter'],
  ['an empty model', { model: '' }, 'model', 'invalid_value'],
  ['a model that is no string', { model: 1 }, 'model', 'invalid_value'],
  ['no messages', { messages: undefined }, 'messages', 'missing_required_parameter'],
  ['messages that are no array', { messages: 'Hello' }, 'messages', 'invalid_value'],
  ['an empty array of messages', { messages: [] }, 'messages', 'invalid_value'],
  ['a message that is no object', { messages: ['Hello'] }, 'messages[0]', 'invalid_value'],
  [
    'an unknown role',
    { messages: [...user('x').messages, { role: 'tool', content: 'x' }] },
    'messages[1].role',
    'invalid_value',
  ],
  ['a message without a role', { messages: [{ content: 'x' }] }, 'messages[0].role', 'missing_required_parameter'],
  ['a message without content', { messages: [{ role: 'user' }] }, 'messages[0].content', 'missing_required_parameter'],
  ['content that is a number', user(1), 'messages[0].content', 'invalid_value'],
  ['an image', user([{ type: 'image_url', image_url: { url: 'x' } }]), 'messages[0].content', 'invalid_value'],
  ['a text part without text', user([{ type: 'text' }]), 'messages[0].content', 'invalid_value'],
  ['half a surrogate pair', user('\ud800'), 'messages[0].content', 'invalid_value'],
  ['a message that is too long', user('x'.repeat(11)), 'messages[0].content', 'invalid_value'],
  ['too many messages', many(4), 'messages', 'invalid_value'],
  ['too much text in all', many(3, 'xxxxxxxxx'), 'messages', 'invalid_value'],
];

const unsupported: Row[] = [
  ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools', 'unsupported_parameter'],
  ['functions', { functions: [{ name: 'f' }] }, 'functions', 'unsupported_parameter'],
  ['a forced tool', { tool_choice: 'required' }, 'tool_choice', 'unsupported_parameter'],
  ['JSON mode', { response_format: { type: 'json_object' } }, 'response_format', 'unsupported_parameter'],
  ['logprobs', { logprobs: true }, 'logprobs', 'unsupported_parameter'],
  ['top_logprobs', { top_logprobs: 2 }, 'top_logprobs', 'unsupported_parameter'],
  ['logit_bias', { logit_bias: { '5': 1 } }, 'logit_bias', 'unsupported_parameter'],
  ['frequency_penalty', { frequency_penalty: 0.5 }, 'frequency_penalty', 'unsupported_parameter'],
  ['presence_penalty', { presence_penalty: -1 }, 'presence_penalty', 'unsupported_parameter'],
  ['audio', { audio: { voice: 'x' } }, 'audio', 'unsupported_parameter'],
  ['audio as a modality', { modalities: ['text', 'audio'] }, 'modalities', 'unsupported_parameter'],
  ['store', { store: true }, 'store', 'unsupported_parameter'],
  [
    'a tool call in a message',
    { messages: [{ role: 'user', content: 'x', tool_calls: [{}] }] },
    'messages[0].tool_calls',
    'unsupported_parameter',
  ],
  ['a field that nobody knows', { temprature: 1 }, 'temprature', 'unknown_parameter'],
  ['a field named __proto__', { ['__proto__x']: 1 }, '__proto__x', 'unknown_parameter'],
  [
    'an unknown field of a message',
    { messages: [{ role: 'user', content: 'x', foo: 1 }] },
    'messages[0].foo',
    'unknown_parameter',
  ],
  ['an unknown stream option', { stream: true, stream_options: { foo: 1 } }, 'stream_options.foo', 'unknown_parameter'],
];

describe('a refused request', () => {
  it.each([...invalid, ...unsupported])(
    'answers 400 for %s and names the field',
    async (_name, fields, param, code) => {
      const answer = await gateway.post({ ...CHAT, ...fields });
      expect(answer.status).toBe(400);
      const body = (await answer.json()) as { error: { message: string } };
      expect(body).toEqual({
        error: { message: expect.stringMatching(/./), type: 'invalid_request_error', param, code },
      });
    },
  );

  it('never reaches the engine', async () => {
    expect((await countsOf(gateway.enginePort)).requests).toBe(0);
  });

  it('is a BadRequestError of the SDK, with param and code, and is not retried', async () => {
    const create = gateway.client({ maxRetries: 2 }).chat.completions.create({ ...CHAT, temperature: 3 });
    const error = await create.then(
      () => null,
      (failure: unknown) => failure,
    );
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({
      status: 400,
      param: 'temperature',
      code: 'invalid_value',
      type: 'invalid_request_error',
    });
  });

  it('is a NotFoundError of the SDK for another model', async () => {
    const create = gateway.client().chat.completions.create({ ...CHAT, model: 'gpt-4o' });
    const error = await create.then(
      () => null,
      (failure: unknown) => failure,
    );
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ status: 404, param: 'model', code: 'model_not_found' });
  });

  it('counts characters, not halves of them', async () => {
    expect((await gateway.post({ ...CHAT, ...user('🙂'.repeat(10)) })).status).toBe(200);
    expect((await gateway.post({ ...CHAT, ...user('🙂'.repeat(11)) })).status).toBe(400);
  });
});

describe('a field that changes nothing', () => {
  it.each([
    [
      {
        user: 'ann',
        metadata: { a: 'b' },
        store: false,
        service_tier: 'auto',
        safety_identifier: 's',
        prompt_cache_key: 'k',
      },
    ],
    [{ frequency_penalty: 0, presence_penalty: 0, logit_bias: {}, logprobs: false, top_logprobs: null }],
    [{ tools: [], tool_choice: 'none', parallel_tool_calls: true, functions: null, modalities: ['text'] }],
    [{ response_format: { type: 'text' }, stop: [], audio: null }],
  ])('is accepted: %j', async (fields) => {
    expect((await gateway.post({ ...CHAT, ...fields })).status).toBe(200);
  });
});
