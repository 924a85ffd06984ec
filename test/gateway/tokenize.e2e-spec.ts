import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await ServedGateway.start({}, { MAX_MESSAGES: '2', MAX_MESSAGE_CHARS: '12', MAX_TOTAL_CHARS: '20' });
});
afterAll(() => gateway.close());

const tokenize = (body: object) => gateway.post(body, { path: '/tokenize' });
const detokenize = (body: object) => gateway.post(body, { path: '/detokenize' });

describe('/tokenize', () => {
  it('gives the ids of a text, their number and the context, in the shape of vLLM', async () => {
    const answer = await tokenize({ model: 'nanochat', prompt: 'Hello you' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ count: 3, max_model_len: 2048, tokens: [0, 1, 2], token_strs: null });
  });

  it('gives the tokens as text where they are asked for, and no <|bos|> where that is not wanted', async () => {
    const body = { prompt: 'Hello you', add_special_tokens: false, return_token_strs: true };
    expect(await (await tokenize(body)).json()).toMatchObject({
      count: 2,
      tokens: [1, 2],
      token_strs: ['Hello', ' you'],
    });
  });

  it('renders a chat, with or without the start of the answer', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'He' },
          { type: 'text', text: 'y' },
        ],
      },
    ];
    const whole = await (await tokenize({ messages, return_token_strs: true })).json();
    expect(whole).toMatchObject({ count: 5, token_strs: ['<|bos|>', 'Be', ' brief.', ' Hey', '<|assistant_start|>'] });
    expect(await (await tokenize({ messages, add_generation_prompt: false })).json()).toMatchObject({ count: 4 });
  });

  it.each([
    ['neither a prompt nor messages', {}, 'prompt'],
    ['both', { prompt: 'x', messages: [{ role: 'user', content: 'x' }] }, 'messages'],
    ['a prompt that is no string', { prompt: ['x'] }, 'prompt'],
    ['a prompt that is too long', { prompt: 'x'.repeat(21) }, 'prompt'],
    ['half a surrogate pair', { prompt: '\ud800' }, 'prompt'],
    ['no messages', { messages: [] }, 'messages'],
    ['messages that are no array', { messages: 'x' }, 'messages'],
    ['too many messages', { messages: Array.from({ length: 3 }, () => ({ role: 'user', content: 'x' })) }, 'messages'],
    ['a message that is too long', { messages: [{ role: 'user', content: 'x'.repeat(13) }] }, 'messages[0].content'],
    ['a message that is no object', { messages: ['x'] }, 'messages[0]'],
    ['an image', { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages[0].content'],
    ['an unknown role', { messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].role'],
    [
      'special tokens before a chat',
      { messages: [{ role: 'user', content: 'x' }], add_special_tokens: true },
      'add_special_tokens',
    ],
    ['a field that nobody knows', { prompt: 'x', text: 'x' }, 'text'],
  ])('is 400 for %s', async (_name, body, param) => {
    const answer = await tokenize(body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error', param } });
  });

  it('is 404 for another model, and 503 while there is none', async () => {
    expect((await tokenize({ model: 'gpt-4o', prompt: 'x' })).status).toBe(404);
    const unready = await ServedGateway.start({}, {}, { ready: false });
    const answer = await unready.post({ prompt: 'x' }, { path: '/tokenize' });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    await unready.close();
  });
});

describe('/detokenize', () => {
  it('gives the text of ids', async () => {
    const answer = await detokenize({ model: 'nanochat', tokens: [0, 5, 6] });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ prompt: ' t5 t6' });
    expect(await (await detokenize({ tokens: [] })).json()).toEqual({ prompt: '' });
  });

  it.each([
    ['no tokens', {}],
    ['tokens that are no array', { tokens: 5 }],
    ['an id that is no number', { tokens: ['5'] }],
    ['a negative id', { tokens: [-1] }],
    ['too many ids', { tokens: Array.from({ length: 21 }, () => 1) }],
    ['an id that the engine does not know', { tokens: [5000] }],
  ])('is 400 for %s', async (_name, body) => {
    const answer = await detokenize(body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { param: 'tokens' } });
  });
});

describe('/tokenizer_info', () => {
  it('has no special token that could be written as text', async () => {
    const answer = await fetch(`${gateway.address}/tokenizer_info`);
    expect(await answer.json()).toMatchObject({ bos_token: null, eos_token: null });
  });
});
