import { afterEach, describe, expect, it } from '@jest/globals';
import { Exposition } from '../gateway/exposition.js';
import { alive, DEADLINE_MS, GatewayProcess, until } from './gateway-process.js';

const LONG = {
  model: 'nanochat',
  messages: [{ role: 'user' as const, content: 'Tell me a long story.' }],
  n: 4,
  max_tokens: 400,
  temperature: 1.5,
};

let gateway: GatewayProcess;

afterEach(() => gateway.end(), DEADLINE_MS);

/** A stream on the wire, after its first bytes have come. */
async function begun(): Promise<{ rest: () => Promise<string> }> {
  const answer = await fetch(`${gateway.address}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...LONG, stream: true }),
  });
  expect(answer.status).toBe(200);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value ?? '';
  return {
    rest: async () => {
      for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
      return text;
    },
  };
}

/** Two choices that wait for one another no more may take turns otherwise; each keeps its own order. */
const inOrderOfChoices = (events: unknown[]): unknown[] => {
  const indexOf = (event: unknown): number => (event as { choices: { index: number }[] }).choices[0]?.index ?? 9;
  return events.toSorted((a, b) => indexOf(a) - indexOf(b));
};

describe('faults of the real processes', () => {
  it('kill -9 of the engine ends streams that may not be resumed with an error event and [DONE], and it comes back by itself', async () => {
    gateway = await GatewayProcess.start({ RESUME_TRIES: '0' });
    const { pid } = await gateway.engine();
    const stream = await begun();
    process.kill(pid, 'SIGKILL');
    expect(await gateway.becomes(503)).toMatch(/SIGKILL/);
    const events = (await stream.rest()).trim().split('\n\n');
    expect(events.at(-1)).toBe('data: [DONE]');
    expect(JSON.parse(events.at(-2)!.slice('data: '.length))).toMatchObject({ error: { type: 'server_error' } });
    await gateway.becomes(200);
    expect((await gateway.engine()).pid).not.toBe(pid);
    const answer = await gateway.client.chat.completions.create({ ...LONG, n: 1, max_tokens: 5 });
    expect(answer.usage?.completion_tokens).toBeGreaterThan(0);
  });

  it.each([1, 7, 40])(
    'kill -9 of the engine after %i chunks costs a stream a pause and not one token',
    async (count) => {
      gateway = await GatewayProcess.start();
      const body = {
        ...LONG,
        n: 2,
        // So many that it can't be over before the kill strikes.
        max_tokens: 900,
        ignore_eos: true,
        seed: 5,
        stream: true,
        stream_options: { include_usage: true },
      } as const;
      const events = async (onChunk: (at: number) => Promise<void>): Promise<unknown[]> => {
        const seen: unknown[] = [];
        for await (const { choices, usage } of await gateway.client.chat.completions.create(body)) {
          seen.push({ choices, tokens: usage?.completion_tokens });
          await onChunk(seen.length);
        }
        return seen;
      };
      const undisturbed = await events(async () => {});
      expect(undisturbed.at(-1)).toMatchObject({ tokens: 1800 });
      const { pid } = await gateway.engine();
      const disturbed = await events(async (at) => {
        if (at === count) process.kill(pid, 'SIGKILL');
      });
      expect(inOrderOfChoices(disturbed)).toEqual(inOrderOfChoices(undisturbed));
      expect((await Exposition.of(gateway.address)).get('nanochat:resumes_total')).toBe(1);
      await gateway.becomes(200);
      expect((await gateway.engine()).pid).not.toBe(pid);
    },
  );

  it('kill -9 of the gateway takes the engine along, in the middle of its work', async () => {
    gateway = await GatewayProcess.start();
    const { pid } = await gateway.engine();
    const stream = await begun();
    process.kill(gateway.pid, 'SIGKILL');
    await stream.rest().catch(() => {});
    await until('the engine is gone', async () => (alive(pid) ? null : true));
  });

  it.each([
    ['SIGTERM', (): boolean => process.kill(gateway.pid, 'SIGTERM')],
    ['Ctrl-C in a terminal', (): boolean => process.kill(-gateway.pid, 'SIGINT')],
  ])('%s lets a running stream finish, exits 0 and leaves no child', async (_name, send) => {
    gateway = await GatewayProcess.start();
    const { pid } = await gateway.engine();
    const stream = await begun();
    send();
    const text = await stream.rest();
    expect(text).not.toContain('"error"');
    expect(text.trim().endsWith('data: [DONE]')).toBe(true);
    expect(text.match(/"finish_reason":"(stop|length)"/g)).toHaveLength(4);
    expect(await gateway.exit()).toBe(0);
    expect(alive(pid)).toBe(false);
  });

  it('a second signal leaves at once and leaves no child', async () => {
    gateway = await GatewayProcess.start();
    const { pid } = await gateway.engine();
    await begun();
    process.kill(gateway.pid, 'SIGTERM');
    await until('the drain has begun', async () => (gateway.output.includes('finishing what runs') ? true : null));
    process.kill(gateway.pid, 'SIGTERM');
    expect(await gateway.exit()).toBe(143);
    await until('the engine is gone', async () => (alive(pid) ? null : true));
  });

  it('a port that is taken ends in one message that names PORT', async () => {
    gateway = await GatewayProcess.start();
    const port = new URL(gateway.address).port;
    await expect(GatewayProcess.start({ PORT: port })).rejects.toThrow(
      `Port ${port} is already in use; set PORT to another one, or 0 for any.`,
    );
  });
});
