import Anthropic from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { ServedGateway } from './served-gateway.js';

const USER = { role: 'user', content: 'Hello' };
const ASK = { model: 'nanochat', max_tokens: 100, messages: [USER] };
const PATHS = ['/v1/messages', '/v1/messages/count_tokens'];

/** Anthropic's shape, and nothing of OpenAI's. */
const error = (type: string, message: string | RegExp = /./) => ({
  type: 'error',
  error: { type, message: expect.stringMatching(message) as unknown },
  request_id: expect.stringMatching(/^req_/) as unknown,
});

describe('a refused message', () => {
  let gateway: ServedGateway;

  beforeAll(async () => {
    const limits = { MAX_MESSAGES: '3', MAX_MESSAGE_CHARS: '1000', MAX_TOTAL_CHARS: '2000', BODY_LIMIT_BYTES: '8192' };
    gateway = await ServedGateway.start({}, limits);
  });
  afterAll(() => gateway.close());

  const post = (body: unknown, path = '/v1/messages', headers = {}): Promise<Response> =>
    gateway.post(body, { path, headers });
  const content = (...blocks: unknown[]) => ({ messages: [{ role: 'user', content: blocks }] });
  const said = (...blocks: unknown[]) => ({ messages: [USER, { role: 'assistant', content: blocks }, USER] });
  const tool = (fields: object) => ({ tools: [{ name: 'f', input_schema: { type: 'object' }, ...fields }] });
  const use = { type: 'tool_use', id: 't', name: 'f', input: {} };

  const rows: [name: string, fields: Record<string, unknown>, message: RegExp][] = [
    ['no model', { model: null }, /'model'/],
    ['no max_tokens', { max_tokens: undefined }, /'max_tokens'/],
    ['max_tokens of 0', { max_tokens: 0 }, /'max_tokens'/],
    ['max_tokens above 4096', { max_tokens: 4097 }, /'max_tokens'/],
    ['no messages', { messages: [] }, /'messages'/],
    ['too many messages', { messages: Array<unknown>(4).fill(USER) }, /'messages'/],
    [
      'a message that is too long',
      { messages: [{ role: 'user', content: 'x'.repeat(1001) }] },
      /messages\[0\]\.content/,
    ],
    ['a system that is too long', { system: 'x'.repeat(1001) }, /'system'/],
    ['the system as a message', { messages: [{ role: 'system', content: 'x' }] }, /messages\[0\]\.role/],
    ['half a surrogate pair', { messages: [{ role: 'user', content: '\ud800' }] }, /messages\[0\]\.content/],
    ['an image', content({ type: 'image', source: {} }), /content\[0\].*'image'/],
    ['a document', content({ type: 'document', source: {} }), /'document'/],
    ['thinking of another model', said({ type: 'thinking', thinking: 'x', signature: 'y' }), /'thinking'/],
    ['a call of the user', content(use), /'tool_use'/],
    ['a call without input', said({ ...use, input: 'x' }), /content\[0\]\.input/],
    ['a result without a call', content({ type: 'tool_result', tool_use_id: 't' }), /'t'/],
    ['no content', content(), /messages\[0\]\.content/],
    ['a temperature above 1', { temperature: 1.1 }, /'temperature'/],
    ['top_k above 200', { top_k: 201 }, /'top_k'/],
    ['five stop sequences', { stop_sequences: ['a', 'b', 'c', 'd', 'e'] }, /'stop_sequences'/],
    ['thinking', { thinking: { type: 'enabled', budget_tokens: 1024 } }, /'thinking'/],
    ['effort', { output_config: { effort: 'max' } }, /'output_config\.effort'/],
    [
      'a format that is no schema',
      { output_config: { format: { type: 'json_schema' } } },
      /output_config\.format\.schema/,
    ],
    ['a tool of Anthropic’s own', { tools: [{ type: 'bash_20250124', name: 'bash' }] }, /'bash_20250124'/],
    ['a tool without a schema', tool({ input_schema: undefined }), /tools\[0\]\.input_schema/],
    ['a tool with a name of spaces', tool({ name: 'a b' }), /tools\[0\]\.name/],
    ['a choice of no kind', { ...tool({}), tool_choice: { type: 'required' } }, /'tool_choice\.type'/],
    ['a choice of a tool that is not there', { ...tool({}), tool_choice: { type: 'tool', name: 'g' } }, /'g'/],
    ['a field that nobody knows', { temprature: 1 }, /'temprature'/],
  ];

  it.each(rows)('answers 400 for %s and names what is wrong', async (_name, fields, message) => {
    const answer = await post({ ...ASK, ...fields });
    expect([answer.status, await answer.json()]).toEqual([400, error('invalid_request_error', message)]);
  });

  it.each(PATHS)('has Anthropic’s shape also before the controller: %s', async (path) => {
    const { max_tokens: _, ...count } = ASK;
    const ask = path.endsWith('count_tokens') ? count : ASK;
    const cases: [Response, number, string][] = [
      [await post('{', path), 400, 'invalid_request_error'],
      [await post('x', path, { 'content-type': 'text/plain' }), 415, 'invalid_request_error'],
      [await post('x'.repeat(9000), path), 413, 'request_too_large'],
      [await fetch(gateway.address + path), 405, 'invalid_request_error'],
      [await post({ ...ask, model: 'claude' }, path), 404, 'not_found_error'],
    ];
    for (const [answer, status, type] of cases) {
      expect([answer.status, await answer.json()]).toEqual([status, error(type)]);
      expect(answer.headers.get('request-id')).toMatch(/^req_/);
    }
  });

  it('leaves other routes in OpenAI’s shape', async () => {
    for (const path of ['/v1/messagesx', '/v1/chat/completions', '/v1/responses']) {
      const body = (await (await post('{}', path)).json()) as object;
      expect(Object.keys(body)).toEqual(['error']);
      expect(body).toHaveProperty('error.code');
    }
  });

  it('is a typed error of the SDK', async () => {
    const client = new Anthropic({ baseURL: gateway.address, apiKey: 'none', maxRetries: 0 });
    const ask = { ...ASK, messages: [{ role: 'user' as const, content: 'Hello' }] };
    const refused = client.messages.create({ ...ask, max_tokens: 5000 });
    await expect(refused).rejects.toMatchObject({
      ...{ constructor: Anthropic.BadRequestError, type: 'invalid_request_error' },
      requestID: expect.stringMatching(/^req_/),
    });
    await expect(client.messages.create({ ...ask, model: 'claude' })).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });

  it.each([
    [{ metadata: { user_id: 'ann' }, thinking: { type: 'disabled' }, service_tier: 'auto', stop_sequences: [] }],
    [{ tools: [], system: '', top_k: 0, output_config: { effort: 'high' }, cache_control: { type: 'ephemeral' } }],
  ])('is not what comes of fields that change nothing: %j', async (fields) => {
    expect((await post({ ...ASK, ...fields })).status).toBe(200);
  });
});

describe('a server that can not answer a message', () => {
  let gateway: ServedGateway;

  const start = async (script: FakeEngineScript, environment: Record<string, string> = {}): Promise<void> => {
    gateway = await ServedGateway.start(script, environment);
  };
  const post = (fields: object = {}, init: RequestInit = {}): Promise<Response> =>
    gateway.post({ ...ASK, ...fields }, { path: '/v1/messages', ...init });

  afterEach(() => gateway.close());

  it('is overloaded, 529 with Retry-After, where the queue is full', async () => {
    await start({ maxRunning: 1, stallAfterTokens: 0 }, { QUEUE_LIMIT: '2' });
    const leave = new AbortController();
    const held = Array.from({ length: 5 }, () => post({}, { signal: leave.signal }).catch(() => null));
    await gateway.queued(({ running, waiting }) => running === 3 && waiting === 2);
    const answer = await post({ stream: true });
    expect([answer.status, await answer.json()]).toEqual([529, error('overloaded_error')]);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    leave.abort();
    await Promise.all(held);
  });

  it('has an api_error of the real status where the engine fails before the first token', async () => {
    await start({ cutAfterTokens: 0 });
    for (const stream of [true, false]) {
      const answer = await post({ stream });
      expect([answer.status, await answer.json()]).toEqual([503, error('api_error')]);
    }
  });
});
