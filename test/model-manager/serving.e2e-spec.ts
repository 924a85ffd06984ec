import { existsSync, statSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { build, GatewayProcess } from '../gateway/gateway-process.js';
import { CHAT } from '../gateway/served-gateway.js';
import { HubStart, MODEL } from './hub-start.js';

// Up to three servers are started in a test, each a process of its own.
jest.setTimeout(180_000);

let start: HubStart;
let gateways: GatewayProcess[];

beforeAll(build);
beforeEach(async () => {
  start = await HubStart.create();
  gateways = [];
});
afterEach(async () => {
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await start.close();
});

async function spawn(environment: Record<string, string> = {}): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.spawn({ reply: 'hello' }, { ...start.environment, ...environment });
  gateways.push(gateway);
  return gateway;
}

interface Probe {
  status: number;
  body: { reason?: string; details: { model?: Record<string, unknown> } };
}

async function probe(gateway: GatewayProcess, name: string): Promise<Probe> {
  const answer = await fetch(`${gateway.address}/health/${name}`);
  return { status: answer.status, body: (await answer.json()) as Probe['body'] };
}

/** The first answer of startup that is `what`; jest's own limit ends a wait in vain. */
async function startup(gateway: GatewayProcess, what: (model: Record<string, unknown>) => boolean): Promise<Probe> {
  for (;;) {
    const seen = await probe(gateway, 'startup');
    if (what(seen.body.details.model ?? {})) return seen;
  }
}

const half = (): number => start.repository.file(MODEL).content.length >> 1;

const listening = (gateway: GatewayProcess): Promise<unknown> =>
  gateway.logged(({ message }) => String(message).startsWith('listening on'));

async function heldHalfWay(gateway: GatewayProcess): Promise<void> {
  await listening(gateway);
  const file = `${start.blob(MODEL)}.incomplete`;
  while (!existsSync(file) || statSync(file).size !== half()) await probe(gateway, 'live');
}

describe('the server with a model of the Hub', () => {
  it('downloads, verifies, loads and serves it; the next start downloads nothing, and needs no Hub when offline', async () => {
    const first = await spawn();
    await first.ready();
    const answer = await fetch(`${first.address}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(CHAT),
    });
    expect(answer.status).toBe(200);
    expect(first.engine.starts.at(-1)?.model).toBe(start.snapshot);
    start.hub.sent.clear();
    await (await spawn()).ready();
    expect(start.hub.sent.size).toBe(0);
    start.hub.asked.length = 0;
    await (await spawn({ HF_HUB_OFFLINE: '1' })).ready();
    expect(start.hub.asked).toEqual([]);
  });

  it('answers probes while it downloads: live, not ready, not started, with the bytes that are really there', async () => {
    start.hub.faults.plan(MODEL, { kind: 'hold' });
    const gateway = await spawn();
    await heldHalfWay(gateway);
    const small = start.repository.file('meta_000001.json').content.length + 2520;
    const done = half() + small;
    const { status, body } = await startup(gateway, (model) => model['bytes_done'] === done);
    expect(status).toBe(503);
    const { bytes_total, percent, bytes_per_second, state } = body.details.model!;
    expect({ state, bytes_total, percent }).toEqual({
      state: 'downloading',
      bytes_total: start.repository.file(MODEL).content.length + small,
      percent: 50,
    });
    expect(bytes_per_second).toBeGreaterThan(0);
    expect(body.reason).toMatch(/downloading org\/golden: 50 %, 4\d\d kB of 860 kB, .*\/s, .* left/);
    expect((await probe(gateway, 'live')).status).toBe(200);
    expect((await probe(gateway, 'ready')).status).toBe(503);
    const logged = await gateway.logged(({ message }) => String(message).startsWith('downloading org/golden'));
    expect(logged).toMatchObject({ context: 'ModelManager', bytes_total });
    start.hub.release();
    await gateway.ready();
    expect((await probe(gateway, 'startup')).status).toBe(200);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'leaves within 2 s at %s in mid-download, and the next start resumes',
    async (signal) => {
      start.hub.faults.plan(MODEL, { kind: 'hold' });
      const gateway = await spawn({ DRAIN_DELAY_SECONDS: '60' });
      await heldHalfWay(gateway);
      const told = performance.now();
      gateway.child.kill(signal);
      expect(await gateway.exited).toBe(0);
      expect(performance.now() - told).toBeLessThan(2000);
      await (await spawn()).ready();
      expect(start.hub.sent.get(MODEL)).toBe(start.repository.file(MODEL).content.length);
    },
  );

  it('takes over from a server that was killed in mid-download', async () => {
    start.hub.faults.plan(MODEL, { kind: 'hold' });
    const gateway = await spawn();
    await heldHalfWay(gateway);
    gateway.child.kill('SIGKILL');
    await gateway.exited;
    await (await spawn()).ready();
    expect(start.hub.sent.get(MODEL)).toBe(start.repository.file(MODEL).content.length);
  });

  it('started twice at the same moment on one cache downloads each file once', async () => {
    start.hub.faults.plan(MODEL, { kind: 'hold' });
    const both = await Promise.all([spawn(), spawn()]);
    await Promise.all(both.map(heldHalfWay));
    await Promise.race(both.map((one) => startup(one, ({ note }) => note === 'another process downloads it')));
    start.hub.release();
    await Promise.all(both.map((gateway) => gateway.ready()));
    for (const [path, bytes] of start.hub.sent) {
      expect([path, bytes]).toEqual([path, start.repository.file(path).content.length]);
    }
    expect(start.hub.sent.size).toBe(3);
  });

  it('stays up and tells the reason at every probe when the model can never come', async () => {
    start.hub.faults.plan('api', { kind: 'status', status: 401 }, Infinity);
    const gateway = await spawn({ HF_TOKEN: 'hf_secret-of-the-test' });
    await listening(gateway);
    await startup(gateway, ({ state }) => state === 'failed');
    for (const name of ['live', 'ready', 'startup']) {
      const { status, body } = await probe(gateway, name);
      expect(status).toBe(503);
      expect(body.reason).toMatch(/private or gated, and HF_TOKEN has no access/);
    }
    expect(gateway.output + gateway.errors).not.toContain('hf_secret');
  });
});
