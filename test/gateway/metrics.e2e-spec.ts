import { afterEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FakeEngineScript } from '../fake-engine/fake-engine.js';
import { Exposition, metricsIn, promtool } from './exposition.js';
import { CHAT, ServedGateway } from './served-gateway.js';

const WORDS = 9; // of the fake engine's reply, each a token
const PROMPT = 9;

let gateway: ServedGateway;

afterEach(() => gateway.close());

const start = async (script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<void> => {
  gateway = await ServedGateway.start(script, environment);
};

const measures = (): Promise<Exposition> => Exposition.of(gateway.address);

/** Asks until it is so; jest's own limit ends a wait in vain. */
async function until(what: (measures: Exposition) => boolean): Promise<Exposition> {
  for (;;) {
    const now = await measures();
    if (what(now)) return now;
  }
}

const chat = async (fields: Record<string, unknown> = {}): Promise<string> =>
  (await gateway.post({ ...CHAT, ...fields })).text();

const counted = (now: Exposition, ...names: string[]): number[] => names.map((name) => now.get(`nanochat:${name}`));

describe('/metrics', () => {
  it('counts what a request took and observes each of its times once', async () => {
    await start();
    await chat();
    const now = await measures();
    expect(counted(now, 'prompt_tokens_total', 'generation_tokens_total')).toEqual([PROMPT, WORDS]);
    expect(counted(now, 'prefix_cache_queries_total', 'prefix_cache_hits_total')).toEqual([PROMPT, 0]);
    expect(now.get('nanochat:request_success_total{finished_reason="stop"}')).toBe(1);
    expect(now.get('nanochat:inter_token_latency_seconds_count')).toBe(WORDS - 1);
    const times = ['time_to_first_token', 'request_queue_time', 'request_prefill_time', 'request_decode_time'];
    for (const name of [...times, 'e2e_request_latency']) expect(counted(now, `${name}_seconds_count`)).toEqual([1]);
    expect(now.get('nanochat:request_generation_tokens_sum')).toBe(WORDS);
    expect(now.get('nanochat:http_requests_total{method="POST",route="/v1/chat/completions",status="200"}')).toBe(1);
  });

  it('puts each time where it belongs: a slow prompt into prefill, slow tokens between tokens', async () => {
    const names = ['request_prefill_time', 'request_decode_time', 'inter_token_latency', 'e2e_request_latency'];
    const sums = async (): Promise<number[]> =>
      counted(await measures(), ...names.map((name) => `${name}_seconds_sum`));
    await start({ firstTokenDelayMs: 500 });
    await chat({ stream: true });
    const slowPrompt = await sums();
    await gateway.rescript({ firstTokenDelayMs: 0, tokenDelayMs: 100 });
    await chat({ stream: true });
    const slowTokens = (await sums()).map((sum, index) => sum - slowPrompt[index]!);
    expect(slowPrompt[0]).toBeGreaterThan(slowPrompt[1]!);
    expect(slowTokens[1]).toBeGreaterThan(slowTokens[0]!);
    for (const [prefill, decode, between, whole] of [slowPrompt, slowTokens]) {
      expect(between).toBeCloseTo(decode!, 3);
      expect(whole).toBeGreaterThanOrEqual(prefill! + decode! - 0.001);
    }
  });

  it('shows who runs, who waits and what the cache holds while it is so', async () => {
    await start({ stallAfterTokens: 1, maxRunning: 1 });
    const abort = new AbortController();
    const streams = Array.from({ length: 5 }, () =>
      gateway.post({ ...CHAT, stream: true }, { signal: abort.signal }).catch(() => null),
    );
    const running = await until((now) => now.get('nanochat:num_requests_waiting') === 2);
    expect(counted(running, 'num_requests_running', 'max_num_seqs')).toEqual([3, 3]);
    await until((now) => now.get('nanochat:kv_cache_usage_perc{worker="worker-0"}') === 3 / 512);
    await until((now) => now.get('nanochat:worker_sequences_running{worker="worker-0"}') === 3);
    abort.abort();
    await Promise.all(streams);
    const idle = await until((now) => now.get('nanochat:requests_aborted_total{reason="client_gone"}') === 5);
    expect(counted(idle, 'num_requests_running', 'num_requests_waiting')).toEqual([0, 0]);
    expect(idle.get('nanochat:request_success_total{finished_reason="abort"}')).toBe(5);
  });

  it('counts refusals by code, of whichever layer, and keeps what a client wrote out of every label', async () => {
    await start({}, { QUEUE_LIMIT: '0' });
    await chat({ temperature: 9 });
    await chat({ model: 'secret-model' });
    await fetch(`${gateway.address}/secret-path`);
    await gateway.rescript({ stallAfterTokens: 0, maxRunning: 1 });
    await until((now) => now.get('nanochat:max_num_seqs') === 3);
    const abort = new AbortController();
    const streams = Array.from({ length: 4 }, () =>
      gateway.post({ ...CHAT, stream: true }, { signal: abort.signal }).catch(() => null),
    );
    const now = await until((seen) => seen.get('nanochat:requests_rejected_total{code="queue_full"}') === 1);
    abort.abort();
    await Promise.all(streams);
    expect(now.get('nanochat:requests_rejected_total{code="model_not_found"}')).toBe(1);
    expect(now.get('nanochat:requests_rejected_total{code="404"}')).toBe(1);
    expect(now.get('nanochat:http_requests_total{method="GET",route="unknown",status="404"}')).toBe(1);
    expect(now.get('nanochat:http_requests_total{method="POST",route="/v1/chat/completions",status="400"}')).toBe(1);
    expect(now.text).not.toContain('secret');
  });

  it('counts restarts and resumed answers, and names the state of each worker', async () => {
    await start({ lives: [{ crashAfterTokens: 3 }, {}] }, { RESUME_TRIES: '1' });
    expect((await measures()).get('nanochat:worker_state{worker="worker-0",state="ready"}')).toBe(1);
    await chat();
    const now = await measures();
    expect(now.get('nanochat:worker_restarts_total{worker="worker-0"}')).toBe(1);
    expect(counted(now, 'resumes_total', 'generation_tokens_total', 'ready')).toEqual([1, WORDS, 1]);
    expect(now.get('nanochat:worker_state{worker="worker-0",state="ready"}')).toBe(1);
    expect(now.get('nanochat:worker_state{worker="worker-0",state="crashed"}')).toBe(0);
  });

  it('counts an answer that breaks off by its code', async () => {
    await start({ errorAfterTokens: 2 });
    await chat({ stream: true });
    expect([...(await measures()).text.matchAll(/^nanochat:requests_failed_total\{code="(\w+)"\} 1$/gm)]).toHaveLength(
      1,
    );
  });

  it('names kernel, device, types and BATCH_INVARIANT of each engine, and is not ready without one', async () => {
    await start();
    const { text } = await measures();
    const info = /^nanochat:engine_info\{(.*)\} 1$/m.exec(text)?.[1];
    const told = ['device="cpu"', 'dtype="float32"', 'kernel="fake"', 'quantization="none"', 'batch_invariant="on"'];
    for (const label of [...told, 'model="fake"', 'worker="worker-0"']) expect(info).toContain(label);
    await gateway.pool.stop();
    const stopped = await measures();
    expect(stopped.get('nanochat:ready')).toBe(0);
    expect(stopped.names).not.toContain('nanochat:engine_info');
  });

  it('is not there with METRICS=off', async () => {
    await start({}, { METRICS: 'off' });
    expect((await fetch(`${gateway.address}/metrics`)).status).toBe(404);
  });
});

describe('the dashboard and the alerts', () => {
  it.each(['grafana/nanochat.json', 'prometheus/alerts.yaml'])(
    'in %s speak of metrics that there are',
    async (file) => {
      await start();
      await chat();
      const { names, declared } = await measures();
      const named = metricsIn(file);
      expect(named.length).toBeGreaterThan(5);
      expect(named.filter((name) => !names.has(name) && !declared.has(name))).toEqual([]);
    },
  );
});

// apt-get install prometheus has it; without it these are skipped.
const withPromtool = promtool === null ? describe.skip : describe;
withPromtool('promtool', () => {
  const run = (args: string[], input = ''): { status: number | null; told: string } => {
    const { status, stdout, stderr } = spawnSync(promtool!, args, { input, encoding: 'utf8' });
    return { status, told: `${stdout}${stderr}` };
  };

  it('takes the alert rules', async () => {
    await start();
    const rules = fileURLToPath(new URL('../../deploy/prometheus/alerts.yaml', import.meta.url));
    expect(run(['check', 'rules', rules])).toEqual({ status: 0, told: expect.stringContaining('SUCCESS: 10 rules') });
  });

  it("takes the exposition, and of ours objects to nothing but vLLM's colon", async () => {
    await start();
    await chat();
    const { text } = await measures();
    const { status, told } = run(['check', 'metrics'], text);
    expect(status).not.toBe(1); // 1 is what it can not read, 3 is advice
    const advice = told.split('\n').filter((line) => line.startsWith('nanochat:'));
    expect(advice.filter((line) => !line.endsWith("metric names should not contain ':'"))).toEqual([]);
  });
});
