import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CHAT, ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await ServedGateway.start({}, { BODY_LIMIT_BYTES: '2048', ALLOWED_HOSTS: 'my.example' });
});
afterAll(() => gateway.close());

const body = (status: number, code: string | null = null) => ({
  error: {
    message: expect.stringMatching(/./) as unknown,
    type: status >= 500 ? 'server_error' : 'invalid_request_error',
    param: null,
    code,
  },
});

/** Sends bytes as they are; gives all that comes back until the server closes. */
async function raw(text: string): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

const request = (line: string, headers: string[]): string =>
  `${line} HTTP/1.1\r\n${[...headers, 'connection: close'].join('\r\n')}\r\n\r\n`;

describe('a failure before any route', () => {
  it('is 404 for an unknown route, whatever its body', async () => {
    for (const [path, init] of [
      ['/v1/nothing', {}],
      ['/', {}],
      ['/v1/nothing', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }],
    ] as const) {
      const answer = await fetch(`${gateway.address}${path}`, init);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toEqual(body(404));
    }
  });

  it('is 405 with Allow for a known path with another method', async () => {
    const answer = await fetch(`${gateway.address}/v1/chat/completions`);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
    expect(await answer.json()).toEqual(body(405, 'method_not_allowed'));
    expect((await fetch(`${gateway.address}/v1/models`, { method: 'POST', body: 'x' })).status).toBe(405);
  });

  it.each(['{', '', '[1]', '"text"', 'null', '{"a":1} x', '{"__proto__": {"x": 1}}', '{"\\u005f_proto__": 1}'])(
    'is 400 for the body %j',
    async (text) => {
      const answer = await gateway.post(text);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual(body(400));
    },
  );

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'nonsense'])(
    'is 415 for a body of type %s',
    async (type) => {
      const answer = await gateway.post(CHAT, { headers: { 'content-type': type } });
      expect(answer.status).toBe(415);
      expect(await answer.json()).toEqual(body(415, 'unsupported_media_type'));
    },
  );

  it('is 415 for a body without a type', async () => {
    const answer = await raw(request('POST /v1/chat/completions', ['host: localhost', 'content-length: 2']) + '{}');
    expect(answer).toMatch(/^HTTP\/1\.1 415 /);
  });

  it('takes JSON with a charset', async () => {
    const answer = await gateway.post(CHAT, { headers: { 'content-type': 'application/json; charset=utf-8' } });
    expect(answer.status).toBe(200);
  });

  it('is 413 for a body over the limit, before it has been read', async () => {
    const head = ['host: localhost', 'content-type: application/json', 'content-length: 1000000000'];
    const answer = await raw(request('POST /v1/chat/completions', head));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toEqual(body(413, 'request_too_large'));
    expect(answer).toMatch(/x-should-retry: false/);
  });

  it('is 413 for a body that grows over the limit', async () => {
    const chunk = `${(4096).toString(16)}\r\n${'x'.repeat(4096)}\r\n`;
    const head = ['host: localhost', 'content-type: application/json', 'transfer-encoding: chunked'];
    expect(await raw(request('POST /v1/chat/completions', head) + chunk)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('lets a client that does not look up from sending see the 413, also where it wants the connection closed', async () => {
    const head = ['host: localhost', 'content-type: application/json', 'content-length: 20000000'];
    const answer = await raw(request('POST /v1/chat/completions', head) + 'x'.repeat(20_000_000));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('is 417 for an expectation that nobody can meet', async () => {
    const head = ['host: localhost', 'expect: miracles', 'content-length: 2', 'content-type: application/json'];
    const answer = await raw(`${request('POST /v1/chat/completions', head)}{}`);
    expect(answer).toMatch(/^HTTP\/1\.1 417 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toEqual(body(417));
  });

  it('lets the SDK see the 413 of a large body', async () => {
    const large = [{ role: 'user' as const, content: 'x'.repeat(8_000_000) }];
    const create = gateway.client().chat.completions.create({ model: 'nanochat', messages: large });
    await expect(create).rejects.toMatchObject({ status: 413, code: 'request_too_large' });
  });

  it('is 400 for what is not HTTP, 431 for headers without end', async () => {
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*"invalid_request_error"/);
    expect(await raw(request('GET /health', ['host: localhost', `x: ${'y'.repeat(40_000)}`]))).toMatch(
      /^HTTP\/1\.1 431 [^]*x-should-retry: false/,
    );
  });

  it('is 400 for a URL that can not be read', async () => {
    const answer = await raw(request('GET /%E0%A4%A', ['host: localhost']));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/x-request-id: req_/);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toEqual(body(400));
  });
});

describe('the Host of a request', () => {
  const statusFor = async (host: string, path = '/v1/models'): Promise<string | undefined> =>
    (await raw(request(`GET ${path}`, [`host: ${host}`]))).slice(0, 12);

  it.each(['localhost', 'LOCALHOST:3080', '127.0.0.1', '127.0.0.1:1', '[::1]:3080', 'my.example'])(
    'may be %s',
    async (host) => {
      expect(await statusFor(host)).toBe('HTTP/1.1 200');
    },
  );

  it.each(['evil.example', 'evil.example:3080', 'localhost.evil.example', '', '10.0.0.1'])(
    'may not be %j',
    async (host) => {
      expect(await statusFor(host)).toBe('HTTP/1.1 403');
    },
  );

  it('may be anything for a probe, which comes by the address of the pod', async () => {
    expect(await statusFor('10.0.0.1:3080', '/health/ready')).toBe('HTTP/1.1 200');
    expect(await statusFor('10.0.0.1:3080', '/healthy')).toBe('HTTP/1.1 403');
  });
});

describe('the headers of every answer', () => {
  it.each([
    ['/v1/models', {}],
    ['/health/live', {}],
    ['/nothing', {}],
    ['/v1/chat/completions', { method: 'POST', body: '{' }],
    ['/v1/chat/completions', { method: 'POST', body: JSON.stringify(CHAT) }],
    ['/v1/chat/completions', { method: 'POST', body: JSON.stringify({ ...CHAT, stream: true }) }],
  ])('are on %s %j', async (path, init) => {
    const headers = { 'content-type': 'application/json', 'x-request-id': 'mine-1.2:3' };
    const answer = await fetch(`${gateway.address}${path}`, { ...init, headers });
    await answer.text();
    expect(answer.headers.get('x-request-id')).toBe('mine-1.2:3');
    expect(answer.headers.get('openai-processing-ms')).toMatch(/^\d+$/);
    expect(answer.headers.get('openai-version')).toBe('2020-10-01');
  });

  it.each(['a b', 'x'.repeat(129), 'evil"'])('have a request id of our own instead of %j', async (id) => {
    const answer = await fetch(`${gateway.address}/v1/models`, { headers: { 'x-request-id': id } });
    expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
  });
});
