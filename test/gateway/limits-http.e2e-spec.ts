import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { makeKey } from './made-key.js';
import { CHAT, ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

const start = async (environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start({}, environment);
};

afterEach(() => gateway.close());

describe('JSON that is nested', () => {
  const nested = (levels: number): string => `{"messages":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

  it('deeper than JSON_DEPTH_LIMIT is 400; brackets within a string do not count', async () => {
    await start({ JSON_DEPTH_LIMIT: '10' });
    const deep = await gateway.post(nested(11));
    expect(deep.status).toBe(400);
    expect(await deep.json()).toMatchObject({ error: { message: expect.stringMatching(/deeper than 10/) as unknown } });
    expect(await (await gateway.post(nested(10))).text()).not.toMatch(/deeper/);
    expect((await gateway.post({ ...CHAT, messages: [{ role: 'user', content: '['.repeat(1000) }] })).status).toBe(200);
  });

  it('as deep as the body allows is 400 and harms nobody', async () => {
    await start();
    expect((await gateway.post('['.repeat(1_000_000))).status).toBe(400);
    expect((await gateway.post(`{"seed":1e999,"a":${'['.repeat(500_000)}`)).status).toBe(400);
    expect((await gateway.post(CHAT)).status).toBe(200);
  });
});

describe('connections', () => {
  it('beyond MAX_CONNECTIONS are closed unanswered, until one of them ends', async () => {
    await start({ MAX_CONNECTIONS: '2' });
    const open = async (): Promise<Socket> => {
      const socket = connect(gateway.port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      return socket;
    };
    const answered = async (socket: Socket): Promise<boolean> => {
      socket.write('GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n');
      return new Promise((resolve) => {
        socket.once('data', () => resolve(true));
        socket.once('close', () => resolve(false));
      });
    };
    const [first, second] = [await open(), await open()];
    expect(await answered(first)).toBe(true);
    expect(await answered(second)).toBe(true);
    expect(await answered(await open())).toBe(false);
    first.destroy();
    for (let free = false; !free;) {
      const next = await open();
      free = await answered(next);
      next.destroy();
    }
    second.destroy();
  });
});

describe('headers for browsers', () => {
  it.each([
    ['an answer', { body: JSON.stringify(CHAT) }],
    ['a stream', { body: JSON.stringify({ ...CHAT, stream: true }) }],
    ['an error', { body: '{' }],
  ])('are on %s', async (_what, { body }) => {
    await start();
    const answer = await gateway.post(body);
    await answer.text();
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
  });
});

describe('pages of other origins', () => {
  const alice = makeKey('alice');
  const preflight = (origin: string): Promise<Response> =>
    fetch(`${gateway.address}/v1/chat/completions`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,x-stainless-os',
      },
    });

  it('may not use the API by default', async () => {
    await start();
    const answer = await preflight('https://app.example');
    expect(answer.status).toBe(405);
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
  });

  it('may where CORS_ORIGINS names them: the preflight needs no key, the request does', async () => {
    await start({ CORS_ORIGINS: 'https://app.example', API_KEYS: alice.entry });
    const asked = await preflight('https://app.example');
    expect(asked.status).toBe(204);
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-headers': 'authorization,x-stainless-os',
      'access-control-allow-methods': 'GET, POST, DELETE',
      vary: 'Origin',
    });
    const origin = 'https://app.example';
    for (const stream of [false, true]) {
      const answer = await gateway.post({ ...CHAT, stream }, { headers: { ...alice.bearer, origin } });
      await answer.text();
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
      expect(answer.headers.get('access-control-expose-headers')).toMatch(/x-request-id/);
    }
    const keyless = await gateway.post(CHAT, { headers: { origin } });
    expect([keyless.status, keyless.headers.get('access-control-allow-origin')]).toEqual([401, origin]);
  });

  it('may not where it names others', async () => {
    await start({ CORS_ORIGINS: 'https://app.example', API_KEYS: alice.entry });
    for (const origin of ['https://evil.example', 'http://app.example', 'https://app.example.evil', 'null']) {
      const answer = await preflight(origin);
      expect([origin, answer.status, answer.headers.has('access-control-allow-origin')]).toEqual([origin, 401, false]);
    }
  });

  it('may all with CORS_ORIGINS=*', async () => {
    await start({ CORS_ORIGINS: '*' });
    expect((await preflight('https://any.example')).headers.get('access-control-allow-origin')).toBe('*');
  });
});
