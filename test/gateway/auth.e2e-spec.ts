import { once } from 'node:events';
import { connect } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { readSettings } from '../../src/config/read-settings.js';
import { createGateway } from '../../src/gateway.js';
import { makeKey } from './made-key.js';
import { RecordedLog } from './recorded-log.js';
import { CHAT, ServedGateway } from './served-gateway.js';

const alice = makeKey('alice');
const bob = makeKey('bob');
const log = new RecordedLog();
let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await ServedGateway.start({}, { API_KEYS: `${alice.entry}, ${bob.entry}` }, { logger: log });
});
afterAll(() => gateway.close());

const INVALID = {
  error: {
    message: expect.stringMatching(/key/) as unknown,
    type: 'invalid_request_error',
    param: null,
    code: 'invalid_api_key',
  },
};

describe('a request with a key', () => {
  it.each([
    ['Authorization: Bearer', alice.bearer],
    ['bearer, in any case and with spaces', { authorization: `bearer   ${alice.key} ` }],
    ['x-api-key', { 'x-api-key': bob.key }],
    ['x-api-key beside another scheme', { authorization: 'Basic eDp5', 'x-api-key': bob.key }],
  ])('is served by %s', async (_how, headers) => {
    expect((await gateway.post(CHAT, { headers })).status).toBe(200);
    expect((await fetch(`${gateway.address}/v1/models`, { headers })).status).toBe(200);
  });

  it('is served through the official SDKs', async () => {
    const openai = new OpenAI({ baseURL: `${gateway.address}/v1`, apiKey: alice.key, maxRetries: 0 });
    const answer = await openai.chat.completions.create(CHAT);
    expect(answer.choices[0]?.message.content).toMatch(/fox/);
    const anthropic = new Anthropic({ baseURL: gateway.address, apiKey: bob.key, maxRetries: 0 });
    await expect(anthropic.messages.create({ ...CHAT, max_tokens: 16 })).resolves.toMatchObject({ role: 'assistant' });
  });

  it('has the name of the key in its line of the log, and no line has a key', async () => {
    await gateway.post(CHAT, { headers: { ...alice.bearer, 'x-request-id': 'of-alice' } });
    await gateway.post(CHAT, { headers: { 'x-api-key': `${bob.key}x`, 'x-request-id': 'of-nobody' } });
    expect(JSON.parse(await log.logged('log', /of-alice/))).toMatchObject({ status: 200, key: 'alice' });
    const refused = JSON.parse(await log.logged('log', /of-nobody/)) as object;
    expect(refused).toMatchObject({ status: 401, error_code: 'invalid_api_key' });
    expect(refused).not.toHaveProperty('key');
    expect(log.text).not.toContain(alice.key);
    expect(log.text).not.toContain(bob.key);
  });
});

describe('a request without a valid key', () => {
  it.each([
    ['none', {}],
    ['another', makeKey('eve').bearer],
    ['half of one', { authorization: `Bearer ${alice.key.slice(0, -1)}` }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: `Basic ${alice.key}` }],
    ['the hash instead of the key', { 'x-api-key': alice.entry.split(':')[1]! }],
  ])('is 401 invalid_api_key with WWW-Authenticate: %s', async (_what, headers) => {
    const answer = await gateway.post(CHAT, { headers: headers as Record<string, string> });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await answer.json()).toEqual(INVALID);
  });

  it('is refused before its body has come, and whatever that is', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n{');
    while (!answer.includes('invalid_api_key')) await once(socket, 'data');
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    socket.destroy();
  });

  it('does not learn which routes there are', async () => {
    for (const path of ['/v1/nothing', '/', '/health/nothing', '/health/../v1/models', '/health%2Flive', '/healthy']) {
      expect([path, (await fetch(gateway.address + path)).status]).toEqual([path, 401]);
    }
  });

  it('is an AuthenticationError of both SDKs, in the shape of each', async () => {
    const openai = new OpenAI({ baseURL: `${gateway.address}/v1`, apiKey: 'wrong', maxRetries: 0 });
    await expect(openai.chat.completions.create(CHAT)).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    const anthropic = new Anthropic({ baseURL: gateway.address, apiKey: 'wrong', maxRetries: 0 });
    const failure: unknown = await anthropic.messages
      .create({ ...CHAT, max_tokens: 16 })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Anthropic.AuthenticationError);
    expect(failure).toMatchObject({ error: { type: 'error', error: { type: 'authentication_error' } } });
  });
});

describe('the routes', () => {
  const PROBES = ['/health', '/health/live', '/health/ready', '/health/startup'];

  /** Every route of the router itself, and what each answers with these headers. */
  async function answers(environment: Record<string, string>, headers: Record<string, string> = {}) {
    const app = await createGateway(readSettings({ API_KEYS: alice.entry, ...environment }), false);
    const routes: { method: string; url: string }[] = [];
    app
      .getHttpAdapter()
      .getInstance()
      .addHook(
        'onRoute',
        ({ method, url }) => void [method].flat().forEach((one) => routes.push({ method: one, url })),
      );
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as { port: number };
    const statuses: { url: string; method: string; status: number }[] = [];
    for (const { method, url } of routes) {
      const answer = await fetch(`http://127.0.0.1:${port}${url.replaceAll(/[:*]\w*/g, 'x')}`, { method, headers });
      await answer.body?.cancel();
      statuses.push({ url, method, status: answer.status });
    }
    await app.close();
    return statuses;
  }

  const closed = (all: { url: string; status: number }[]): string[] =>
    [...new Set(all.filter(({ status }) => status === 401).map(({ url }) => url))].sort();
  const open = (all: { url: string; status: number }[]): string[] =>
    [...new Set(all.filter(({ status }) => status !== 401).map(({ url }) => url))].sort();

  it('are closed, every one but the probes', async () => {
    const all = await answers({});
    expect(open(all)).toEqual(PROBES);
    expect(closed(all)).toEqual(
      expect.arrayContaining(['/v1/chat/completions', '/v1/messages', '/v1/models/:name', '/openapi.json', '/docs']),
    );
  });

  it('are all open with a key', async () => {
    const all = await answers({}, alice.bearer);
    expect(closed(all)).toEqual([]);
    expect(open(all).length).toBeGreaterThan(PROBES.length);
  });

  it('of the documentation are open with DOCS_PUBLIC=true', async () => {
    const all = await answers({ DOCS_PUBLIC: 'true' });
    expect(open(all)).toEqual([...PROBES, '/docs', '/docs/:file', '/openapi.json'].sort());
  });
});
