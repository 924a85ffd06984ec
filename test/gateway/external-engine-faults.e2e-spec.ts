import { afterEach, describe, expect, it } from '@jest/globals';
import type { FakeOpenAIEngine } from '../fake-engine/openai-engine.js';
import { becomes, closeAll, inFrontOf, probe, REPLY, textOf } from './engines-elsewhere.js';
import { eventsOf } from './event-lines.js';
import { Exposition } from './exposition.js';
import { RecordedLog } from './recorded-log.js';
import { CHAT, type ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;
let engines: FakeOpenAIEngine[] = [];

const close = async (): Promise<void> => {
  await closeAll({ gateway, engines });
  engines = [];
};

afterEach(close);

const start = async (...how: Parameters<typeof inFrontOf>): Promise<void> => {
  ({ gateway, engines } = await inFrontOf(...how));
};

const stateOf = (index: number) => gateway.pool.status.workers[index]!.state;

describe('a refusal of an external engine', () => {
  it('that the request caused passes on, with message and param', async () => {
    const error = { message: 'too many words', type: 'BadRequestError', param: 'messages', code: 400 };
    await start([{ refuse: { status: 400, body: { error } } }]);
    const answer = await gateway.post(CHAT);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      error: { message: 'too many words', type: 'invalid_request_error', param: 'messages', code: null },
    });
    expect(stateOf(0)).toBe('ready');
  });

  it('of a prompt that is too long has the code that clients look for', async () => {
    const message = "This model's maximum context length is 8192 tokens.";
    await start([{ refuse: { status: 400, body: { object: 'error', message, param: null, code: 400 } } }]);
    const answer = await gateway.post(CHAT);
    expect(await answer.json()).toMatchObject({ error: { message, code: 'context_length_exceeded' } });
  });

  it('of our own key is 503 and a line in the log, which never shows the key', async () => {
    const log = new RecordedLog();
    await start([{ apiKey: 'right-key' }], { ENGINE_API_KEY: 'right-key' }, log);
    expect((await gateway.post(CHAT)).status).toBe(200);
    engines[0]!.script.refuse = { status: 401, body: { error: { message: 'who are you?' } } };
    const answer = await gateway.post(CHAT);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { code: 'engine_unavailable' } });
    await log.logged('warn', /answered 401/);
    expect(log.text).not.toContain('who are you?');
    expect((await probe(gateway, 'ready')).body).not.toContain('who are you?');
    engines[0]!.script.apiKey = 'another-key';
    const { reason } = (await becomes(gateway, 0, 'ejected')).workers[0]!;
    expect(reason).toContain('refuses ENGINE_API_KEY');
    expect(log.text).not.toContain('right-key');
  });
});

describe('an external engine that breaks off', () => {
  it.each([
    ['its connection', { cutAfter: 2 }],
    ['with an error', { errorAfter: 2 }],
  ])('%s ends the stream with an honest error event and [DONE], and is not resumed', async (_name, script) => {
    await start([script], { RESUME_TRIES: '3' });
    const answer = await gateway.post({ ...CHAT, stream: true });
    const events = eventsOf(await answer.text());
    expect(events.at(-1)).toBe('data: [DONE]');
    expect(JSON.parse(events.at(-2)!.slice('data: '.length))).toMatchObject({
      error: { code: 'engine_unavailable', message: expect.stringContaining('can not be resumed') },
    });
    expect(events.filter((event) => event.includes('"content"')).join('')).not.toContain('brown');
    expect(engines[0]!.bodies).toHaveLength(1);
    expect((await gateway.post(CHAT)).status).toBe(503);
  });

  it('before it has said anything costs the request nothing: another answers it', async () => {
    await start([{ cutAfter: 0 }, {}], { RESUME_TRIES: '3' });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        gateway.post({ ...CHAT, stream: true, messages: [{ role: 'user', content: `prompt ${at}` }] }),
      ),
    );
    for (const answer of answers) expect(textOf(await answer.text())).toBe(REPLY);
    expect(engines[0]!.bodies.length).toBeGreaterThan(0);
  });
});

describe('an external engine that dies', () => {
  it('is ejected while another serves, and comes back: no request fails', async () => {
    const log = new RecordedLog();
    await start([{}, {}], { RESUME_TRIES: '3' }, log);
    let sent = 0;
    const ask = async (): Promise<void> => {
      const answer = await gateway.post({ ...CHAT, messages: [{ role: 'user', content: `prompt ${sent++}` }] });
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining(REPLY)]);
    };
    for (let at = 0; at < 8; at++) await ask();
    expect(engines[0]!.bodies.length).toBeGreaterThan(0);
    await engines[0]!.die();
    while (stateOf(0) !== 'ejected') await ask();
    expect(await log.logged('warn', /^"?engine-0 is ejected/)).toMatch(/ECONNREFUSED/);
    const before = engines[0]!.bodies.length;
    for (let at = 0; at < 16; at++) await ask();
    const { status, body } = await probe(gateway, 'ready');
    expect(status).toBe(200);
    expect(body).toContain('"state":"ejected"');
    const metrics = await Exposition.of(gateway.address);
    expect(metrics.get('nanochat:worker_state{worker="engine-0",state="ejected"}')).toBe(1);
    await engines[0]!.listen();
    while (stateOf(0) !== 'ready') await ask();
    for (let at = 0; at < 16; at++) await ask();
    expect(engines[0]!.bodies.length).toBeGreaterThan(before);
  });

  it('alone makes ready 503 and leaves live 200, until it is back', async () => {
    await start([{}]);
    await engines[0]!.die();
    await becomes(gateway, 0, 'ejected');
    const ready = await probe(gateway, 'ready');
    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.body)).toMatchObject({ reason: expect.stringContaining('engine-0 is ejected') });
    expect((await probe(gateway, 'live')).status).toBe(200);
    const answer = await gateway.post(CHAT);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    expect(await answer.json()).toMatchObject({ error: { code: 'engine_unavailable' } });
    await engines[0]!.listen();
    await becomes(gateway, 0, 'ready');
    expect((await probe(gateway, 'ready')).status).toBe(200);
    expect((await gateway.post(CHAT)).status).toBe(200);
  });

  it('is ejected for requests that fail, though its health is well', async () => {
    await start([{ refuse: { status: 500, body: {} } }]);
    for (let at = 0; at < 3; at++) expect((await gateway.post(CHAT)).status).toBe(503);
    expect((await becomes(gateway, 0, 'ejected')).workers[0]?.reason).toBe('it answered 500');
    engines[0]!.script.refuse = null;
    await becomes(gateway, 0, 'ready');
    expect((await gateway.post(CHAT)).status).toBe(200);
  });

  it('is not ejected for one request that it always fails, which is not sent again and again either', async () => {
    await start([{ refuse: { status: 500, body: {} } }], { RESUME_TRIES: '5' });
    expect((await gateway.post(CHAT)).status).toBe(503);
    expect(engines[0]!.bodies).toHaveLength(2);
    expect(stateOf(0)).toBe('ready');
  });

  it('is never sent more than its health allows: one that is unwell gets nothing', async () => {
    await start([{}, {}], { RESUME_TRIES: '3' });
    engines[0]!.script.healthStatus = 503;
    expect((await becomes(gateway, 0, 'ejected')).workers[0]?.reason).toBe('its health is 503');
    for (let at = 0; at < 8; at++) {
      expect((await gateway.post({ ...CHAT, messages: [{ role: 'user', content: `p ${at}` }] })).status).toBe(200);
    }
    expect(engines.map(({ bodies }) => bodies.length)).toEqual([0, 8]);
  });
});
