import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { OtlpReceiver, type SeenSpan } from './otlp-receiver.js';
import { CHAT, ServedGateway } from './served-gateway.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const CLIENT = { headers: { traceparent: `00-${TRACE}-${PARENT}-01` } };

let gateway: ServedGateway;
let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await OtlpReceiver.start();
});

afterEach(async () => {
  await gateway.close();
  receiver.close();
});

const start = async (script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start(script, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.address, ...environment });
};

/** The spans of a trace by name. */
async function spans(count: number): Promise<Record<string, SeenSpan>> {
  const seen = await receiver.trace(count, /^(POST|GET) /);
  expect(seen).toHaveLength(count);
  return Object.fromEntries(seen.map((span) => [span.name, span]));
}

describe('a trace', () => {
  it('goes from the HTTP request through the generation to queue, prefill and decode, each in its place', async () => {
    await start({ firstTokenDelayMs: 30, tokenDelayMs: 5 });
    await (await gateway.post({ ...CHAT, stream: true, temperature: 0.5 }, CLIENT)).text();
    const trace = await spans(5);
    const [http, chat] = [trace['POST /v1/chat/completions']!, trace['chat nanochat']!];
    expect(http).toMatchObject({ traceId: TRACE, parentSpanId: PARENT });
    expect(chat.parentSpanId).toBe(http.spanId);
    for (const part of ['queue', 'prefill', 'decode']) expect(trace[part]!.parentSpanId).toBe(chat.spanId);
    const order = ['queue', 'prefill', 'decode'].map((part) => trace[part]!);
    for (const [before, after] of [order.slice(0, 2), order.slice(1)]) {
      expect(before!.endTimeUnixNano).toBe(after!.startTimeUnixNano);
    }
    expect(BigInt(trace['decode']!.endTimeUnixNano)).toBeGreaterThan(BigInt(trace['decode']!.startTimeUnixNano));
  });

  it('names things by the conventions, and has nothing of what was asked or answered', async () => {
    await start({ reply: 'the secret answer' });
    await gateway.post({ ...CHAT, messages: [{ role: 'user', content: 'a secret question' }], temperature: 0.5 });
    const trace = await spans(5);
    expect(trace['POST /v1/chat/completions']!.attributes).toMatchObject({
      ...{ 'http.request.method': 'POST', 'http.route': '/v1/chat/completions', 'http.response.status_code': 200 },
    });
    expect(trace['chat nanochat']!.attributes).toMatchObject({
      ...{ 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'nanochat', 'gen_ai.request.model': 'nanochat' },
      ...{
        'gen_ai.request.temperature': 0.5,
        'gen_ai.response.finish_reasons': ['stop'],
        'nanochat.worker': 'worker-0',
      },
      ...{ 'gen_ai.usage.input_tokens': 9, 'gen_ai.usage.output_tokens': 3 },
    });
    expect(JSON.stringify(receiver.spans)).not.toContain('secret');
  });

  it('is begun here where a client has none, and sends the collector its headers', async () => {
    await start({}, { OTEL_EXPORTER_OTLP_HEADERS: 'x-team=blue,x-note=a%20b' });
    await gateway.post(CHAT);
    const trace = await spans(5);
    expect(trace['POST /v1/chat/completions']!.parentSpanId).toBeFalsy();
    expect(receiver.headers).toMatchObject({ 'x-team': 'blue', 'x-note': 'a b' });
  });

  it('goes on in the engine from the generation', async () => {
    await start();
    await gateway.post(CHAT, CLIENT);
    const { 'chat nanochat': chat } = await spans(5);
    const { traceparents } = await gateway.seen(() => true);
    expect(traceparents).toEqual([`00-${TRACE}-${chat!.spanId}-01`]);
  });

  it('of a refusal has the reason and no prefill', async () => {
    await start({ refuse: { status: 503, code: 'model_loading', message: 'not yet' } });
    await gateway.post(CHAT);
    const trace = await spans(4);
    expect(Object.keys(trace)).not.toContain('decode');
    expect(trace['chat nanochat']!.attributes).toMatchObject({ 'error.type': 'model_loading' });
    expect(trace['chat nanochat']!.status.code).toBe(2);
    expect(trace['POST /v1/chat/completions']!.attributes['http.response.status_code']).toBe(503);
  });

  it('is not made of probes, nor of what its client does not want traced', async () => {
    await start();
    await fetch(`${gateway.address}/health/ready`);
    await gateway.post(CHAT, { headers: { traceparent: `00-${TRACE}-${PARENT}-00` } });
    await fetch(`${gateway.address}/v1/models`);
    await spans(1);
    expect(receiver.spans.map(({ name }) => name)).toEqual(['GET /v1/models']);
  });

  it('that no collector takes costs no answer, nor a shutdown', async () => {
    await start({}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    expect((await gateway.post(CHAT)).status).toBe(200);
  });
});
