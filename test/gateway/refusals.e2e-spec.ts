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

const biases = (count: number) => Object.fromEntries([...Array(count).keys()].map((id) => [id, 1]));
const words = (count: number) => [...Array(count).keys()].map((index) => [`word${index}`, 'x']);

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
  ['min_p above 1', { min_p: 1.1 }, 'min_p', 'invalid_value'],
  ['a negative min_p', { min_p: -0.1 }, 'min_p', 'invalid_value'],
  ['presence_penalty above 2', { presence_penalty: 2.1 }, 'presence_penalty', 'invalid_value'],
  ['presence_penalty below -2', { presence_penalty: -2.1 }, 'presence_penalty', 'invalid_value'],
  ['frequency_penalty above 2', { frequency_penalty: 2.1 }, 'frequency_penalty', 'invalid_value'],
  ['frequency_penalty below -2', { frequency_penalty: -2.1 }, 'frequency_penalty', 'invalid_value'],
  ['repetition_penalty of 0', { repetition_penalty: 0 }, 'repetition_penalty', 'invalid_value'],
  ['repetition_penalty above 2', { repetition_penalty: 2.1 }, 'repetition_penalty', 'invalid_value'],
  ['a bias above 100', { logit_bias: { 5: 101 } }, 'logit_bias', 'invalid_value'],
  ['a bias below -100', { logit_bias: { 5: -101 } }, 'logit_bias', 'invalid_value'],
  ['a bias that is no number', { logit_bias: { 5: '1' } }, 'logit_bias', 'invalid_value'],
  ['a bias of what is no token id', { logit_bias: { the: 1 } }, 'logit_bias', 'invalid_value'],
  ['a bias of a token id written in another way', { logit_bias: { '05': 1 } }, 'logit_bias', 'invalid_value'],
  ['301 biases', { logit_bias: biases(301) }, 'logit_bias', 'invalid_value'],
  ['biases as an array', { logit_bias: [1] }, 'logit_bias', 'invalid_value'],
  ['a negative min_tokens', { min_tokens: -1 }, 'min_tokens', 'invalid_value'],
  ['min_tokens above 4096', { min_tokens: 4097 }, 'min_tokens', 'invalid_value'],
  ['min_tokens above max_tokens', { min_tokens: 6, max_tokens: 5 }, 'min_tokens', 'invalid_value'],
  ['min_tokens above the default of max_tokens', { min_tokens: 513 }, 'min_tokens', 'invalid_value'],
  ['65 stop_token_ids', { stop_token_ids: [...Array(65).keys()] }, 'stop_token_ids', 'invalid_value'],
  ['a negative stop token id', { stop_token_ids: [-1] }, 'stop_token_ids', 'invalid_value'],
  ['a stop token id that no vocabulary has', { stop_token_ids: [2 ** 31] }, 'stop_token_ids', 'invalid_value'],
  ['a stop token id that is no number', { stop_token_ids: ['5'] }, 'stop_token_ids', 'invalid_value'],
  ['ignore_eos as a number', { ignore_eos: 1 }, 'ignore_eos', 'invalid_value'],
  ['return_token_ids as a string', { return_token_ids: 'yes' }, 'return_token_ids', 'invalid_value'],
  ['calculator as a string', { calculator: 'on' }, 'calculator', 'invalid_value'],
  ['logprobs as a number', { logprobs: 5 }, 'logprobs', 'invalid_value'],
  ['top_logprobs above 20', { logprobs: true, top_logprobs: 21 }, 'top_logprobs', 'invalid_value'],
  ['negative top_logprobs', { logprobs: true, top_logprobs: -1 }, 'top_logprobs', 'invalid_value'],
  ['top_logprobs without logprobs', { top_logprobs: 2 }, 'top_logprobs', null],
  ['top_logprobs with logprobs false', { logprobs: false, top_logprobs: 2 }, 'top_logprobs', null],
  ['a user that is no string', { user: 1 }, 'user', 'invalid_value'],
  ['a user without end', { user: 'x'.repeat(513) }, 'user', 'invalid_value'],
  ['metadata of 17 pairs', { metadata: Object.fromEntries(words(17)) }, 'metadata', 'invalid_value'],
  ['metadata with a number', { metadata: { a: 1 } }, 'metadata', 'invalid_value'],
  ['metadata with a long name', { metadata: { ['x'.repeat(65)]: 'a' } }, 'metadata', 'invalid_value'],
  ['metadata with a long value', { metadata: { a: 'x'.repeat(513) } }, 'metadata', 'invalid_value'],
  ['stream as a string', { stream: 'true' }, 'stream', 'invalid_value'],
  ['stream_options without stream', { stream_options: { include_usage: true } }, 'stream_options', null],
  [
    'include_usage as a string',
    { stream: true, stream_options: { include_usage: 'yes' } },
    'stream_options.include_usage',
    'invalid_value',
  ],
  [
    'continuous_usage_stats without include_usage',
    { stream: true, stream_options: { continuous_usage_stats: true } },
    'stream_options.continuous_usage_stats',
    null,
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
    { messages: [...user('x').messages, { role: 'critic', content: 'x' }] },
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
  ['functions', { functions: [{ name: 'f' }] }, 'functions', 'unsupported_parameter'],
  ['a forced function', { function_call: { name: 'f' } }, 'function_call', 'unsupported_parameter'],
  ['guided_json', { guided_json: { type: 'object' } }, 'guided_json', 'unsupported_parameter'],
  ['guided_choice', { guided_choice: ['a'] }, 'guided_choice', 'unsupported_parameter'],
  ['a beam search', { use_beam_search: true }, 'use_beam_search', 'unsupported_parameter'],
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
    [{ response_format: { type: 'text' }, stop: [], audio: null, guided_json: null, functions: [] }],
    [{ skip_special_tokens: true, use_beam_search: false, length_penalty: 1, best_of: 1, cache_prompt: true }],
    [{ repetition_penalty: 1, min_p: 0, min_tokens: 0, stop_token_ids: [], stream_options: null }],
  ])('is accepted: %j', async (fields) => {
    expect((await gateway.post({ ...CHAT, ...fields })).status).toBe(200);
  });
});
