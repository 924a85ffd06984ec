// Measures what health and supervision promise, on the built server with the real engine: see README.md.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../scripts/free-port.mjs';
import { agent, statusOf, until } from './probe.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Where the gateway runs: an .env of the root has no part in it. */
const OUT = join(ROOT, 'bench', 'out');
const STREAMS = 16;
const PROBES = 200;
const TOKENS = 200;

const now = () => performance.now();
const rounded = (value, digits = 1) => Number(value.toFixed(digits));
const quantile = (values, q) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];

/** Whether it still runs: a zombie that its new parent has not reaped yet does not. */
const alive = (pid) => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

async function startGateway() {
  const [port, enginePort] = [await freePort(), await freePort()];
  const env = { ...process.env, PORT: String(port), ENGINE_PORT: String(enginePort), LOG_LEVEL: 'warn' };
  const begun = now();
  mkdirSync(OUT, { recursive: true });
  const main = join(ROOT, 'dist', 'main.js');
  const child = spawn(process.execPath, [main], { cwd: OUT, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const gateway = { child, address: `http://127.0.0.1:${port}`, engine: `http://127.0.0.1:${enginePort}/health` };
  await until(async () => (await statusOf(`${gateway.address}/health/ready`)) === 200);
  return { ...gateway, readyMs: now() - begun };
}

const engineHealth = async ({ engine }) => (await fetch(engine)).json();

/** Arrival times of one stream's chunks that carry text. */
async function arrivals(gateway, seed) {
  const body = {
    model: 'nanochat',
    messages: [{ role: 'user', content: 'Tell me a story about a fox.' }],
    ...{ stream: true, temperature: 2, top_k: 200, max_tokens: TOKENS, seed },
  };
  const headers = { 'content-type': 'application/json' };
  const sent = request(`${gateway.address}/v1/chat/completions`, { method: 'POST', headers, agent });
  sent.end(JSON.stringify(body));
  const [answer] = await once(sent, 'response');
  const times = [];
  answer.setEncoding('utf8').on('data', (part) => {
    if (/"content":"[^"]/.test(part)) times.push(now());
  });
  await once(answer, 'end');
  return times;
}

async function probeWhile(url, running) {
  const times = [];
  while (times.length < PROBES && !running.over) {
    const begun = now();
    const status = await statusOf(url);
    if (status !== 200) throw new Error(`${url} answered ${status}`);
    times.push(now() - begun);
    await sleep(10);
  }
  return times;
}

async function underStreams(gateway) {
  const before = await engineHealth(gateway);
  const begun = now();
  const running = { over: false };
  const rounds = [];
  const streaming = (async () => {
    while (!running.probed) rounds.push(await Promise.all(Array.from({ length: STREAMS }, (_, i) => arrivals(gateway, i))));
  })();
  const [live, engine] = await Promise.all([
    probeWhile(`${gateway.address}/health/live`, running),
    probeWhile(gateway.engine, running),
  ]);
  running.probed = true;
  await streaming;
  const steps = (await engineHealth(gateway)).steps - before.steps;
  const stepMs = (now() - begun) / steps;
  const gaps = rounds.flat().map((times) => Math.max(...times.slice(1).map((time, i) => time - times[i])));
  return {
    rounds: rounds.length,
    steps,
    meanStepMs: rounded(stepMs, 2),
    longestGapMs: rounded(Math.max(...gaps)),
    longestGapInSteps: rounded(Math.max(...gaps) / stepMs, 2),
    medianOfStreamsLongestGapInSteps: rounded(quantile(gaps, 0.5) / stepMs, 2),
    probesLive: { count: live.length, p50: rounded(quantile(live, 0.5)), p99: rounded(quantile(live, 0.99)) },
    probesEngine: { count: engine.length, p50: rounded(quantile(engine, 0.5)), p99: rounded(quantile(engine, 0.99)) },
  };
}

async function killEngine(gateway) {
  const { pid } = await engineHealth(gateway);
  const begun = now();
  process.kill(pid, 'SIGKILL');
  await until(async () => (await statusOf(`${gateway.address}/health/ready`)) === 503);
  const unreadyMs = now() - begun;
  await until(async () => (await statusOf(`${gateway.address}/health/ready`)) === 200);
  return { unreadyMs: rounded(unreadyMs), readyAgainMs: rounded(now() - begun) };
}

async function killGateway(gateway) {
  const { pid } = await engineHealth(gateway);
  const stream = arrivals(gateway, 1).catch(() => []);
  await until(async () => (await engineHealth(gateway)).working);
  const begun = now();
  gateway.child.kill('SIGKILL');
  await until(() => !alive(pid));
  await stream;
  return { engineGoneMs: rounded(now() - begun) };
}

const gateway = await startGateway();
try {
  const { model, device, dtype, kernel, batch_invariant: batchInvariant } = await engineHealth(gateway);
  const result = {
    date: new Date().toISOString(),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT }).toString().trim(),
    machine: `${cpus().length} x ${cpus()[0].model}`,
    ...{ model, device, dtype, kernel, batchInvariant },
    startToReadyMs: rounded(gateway.readyMs),
    streams: await underStreams(gateway),
    killEngine: await killEngine(gateway),
    killGateway: await killGateway(gateway),
  };
  const file = new URL(`results/liveness-${model.id}-${result.date.slice(0, 10)}.json`, import.meta.url);
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(JSON.stringify(result, null, 2));
} finally {
  gateway.child.kill('SIGTERM');
}
