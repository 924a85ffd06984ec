import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { filter, firstValueFrom } from 'rxjs';
import { GenerationService } from '../../src/generation/generation.service.js';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { CHAT, ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

const start = async (script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start(script, environment);
};

afterEach(() => gateway.close());

/** The next generation to end. */
const nextEnd = () => firstValueFrom(gateway.app.get(GenerationService).ended$);

/** A client at the level of the socket, which can stop reading or leave. */
function client(body: Record<string, unknown>): Socket {
  const text = JSON.stringify({ ...CHAT, ...body });
  const socket = connect(gateway.port, '127.0.0.1');
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  return socket;
}

describe('a client that goes away', () => {
  it('in mid-stream ends its generation in the engine', async () => {
    await start({ stallAfterTokens: 2 });
    const stream = await gateway.client().chat.completions.create({ ...CHAT, stream: true });
    const ended = nextEnd();
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break; // the SDK aborts when a loop is left
    expect(await gateway.seen(({ aborted }) => aborted === 1)).toMatchObject({ open: 0, finished: 0 });
    expect(await ended).toMatchObject({ outcome: 'aborted' });
  });

  it('while it waits for an answer without a stream ends its generation', async () => {
    await start({ stallAfterTokens: 2 });
    const controller = new AbortController();
    const create = gateway.client().chat.completions.create(CHAT, { signal: controller.signal });
    await gateway.seen(({ open }) => open === 1);
    controller.abort();
    await expect(create).rejects.toThrow(/abort/i);
    expect(await gateway.seen(({ aborted }) => aborted === 1)).toMatchObject({ open: 0, finished: 0 });
    expect(await gateway.queued(({ running }) => running === 0)).toMatchObject({ waiting: 0 });
  });

  it.each([
    ['before the engine has admitted it', { admitDelayMs: 60_000 }],
    ['while its prompt is computed', { firstTokenDelayMs: 60_000 }],
  ])('%s ends its generation, streamed or not', async (_name, script) => {
    await start(script);
    for (const [index, stream] of [true, false].entries()) {
      const socket = client({ stream });
      await gateway.seen(({ open }) => open === 1);
      socket.destroy();
      await gateway.seen(({ aborted }) => aborted === index + 1);
    }
    await gateway.queued(({ running }) => running === 0);
  });

  it('in the queue leaves it and never reaches the engine', async () => {
    await start({ maxRunning: 1, stallAfterTokens: 0 });
    const running = Array.from({ length: 3 }, () => client({ stream: true })); // one runs and two wait in the engine
    await gateway.queued((status) => status.running === 3);
    for (const stream of [true, false]) {
      const waiting = client({ stream });
      await gateway.queued((status) => status.waiting === 1);
      const ended = nextEnd();
      waiting.destroy();
      expect(await ended).toMatchObject({ outcome: 'aborted', queueMs: null });
      expect(await gateway.queued((status) => status.waiting === 0)).toMatchObject({ running: 3 });
    }
    expect((await gateway.seen(() => true)).requests).toBe(3);
    running.forEach((socket) => socket.destroy());
    await gateway.seen(({ aborted }) => aborted === 3);
  });
});

describe('a client that does not read', () => {
  const word = `${'x'.repeat(100_000)} `;

  it('is cut off when more than CLIENT_BUFFER_BYTES wait for it, and its generation ends', async () => {
    await start({ reply: word.repeat(400), tokenDelayMs: 1 }, { CLIENT_BUFFER_BYTES: '1048576' });
    const socket = client({ stream: true });
    await once(socket, 'readable');
    const ended = await firstValueFrom(
      gateway.app.get(GenerationService).ended$.pipe(filter(({ outcome }) => outcome !== null)),
    );
    expect(ended).toMatchObject({ outcome: 'cut_off' });
    expect(await gateway.seen(({ open }) => open === 0)).toMatchObject({ aborted: 1, finished: 0 });
    socket.destroy();
  });

  it('is cut off when it takes nothing for CLIENT_STALL_SECONDS', async () => {
    const environment = { CLIENT_BUFFER_BYTES: String(2 ** 30), CLIENT_STALL_SECONDS: '0.3' };
    await start({ reply: word.repeat(120), stallAfterTokens: 110 }, environment);
    const ended = nextEnd();
    const socket = client({ stream: true });
    expect(await ended).toMatchObject({ outcome: 'cut_off' });
    await gateway.seen(({ aborted }) => aborted === 1);
    socket.destroy();
  });

  it('is not cut off when it only reads slowly', async () => {
    const environment = { CLIENT_BUFFER_BYTES: String(2 ** 30), CLIENT_STALL_SECONDS: '1.5' };
    await start({ reply: word.repeat(120) }, environment);
    const ended = nextEnd();
    const socket = client({ stream: true });
    let bytes = 0;
    for await (const part of socket) {
      bytes += (part as Buffer).length;
      if (String(part).includes('[DONE]')) break;
      await new Promise((resolve) => setTimeout(resolve, 20)); // the slowness is what is tested
    }
    expect(bytes).toBeGreaterThan(12_000_000);
    expect(await ended).toMatchObject({ outcome: 'finished' });
  });

  it('still gets its last bytes when the server shuts down', async () => {
    await start({ reply: word.repeat(120) }, { CLIENT_BUFFER_BYTES: String(2 ** 30) });
    const answer = await gateway.post({ ...CHAT, stream: true });
    const drained = gateway.drain();
    await gateway.queued(({ running }) => running === 0);
    expect((await answer.text()).endsWith('data: [DONE]\n\n')).toBe(true);
    await drained;
  });
});
