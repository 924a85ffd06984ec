// Measures what the gateway costs: see README.md. `--only firstToken,streams,portkey,real` picks, `--main FILE` takes
// another build, `--seconds` and `--requests` are for a quick look, and nothing is recorded then.
import { execFileSync, fork, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../scripts/free-port.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ENGINE = fileURLToPath(new URL('gateway/engine.mjs', import.meta.url));
const PROXY = fileURLToPath(new URL('gateway/proxy.mjs', import.meta.url));
const CLIENT = fileURLToPath(new URL('gateway/client.mjs', import.meta.url));
const BUILT = join(ROOT, 'dist', 'main.js');
const PORTKEY = '@portkey-ai/gateway@1.15.2';
const PORTKEY_FOLDER = fileURLToPath(new URL('out/portkey', import.meta.url));
const PARTS = { firstToken, streams, portkey, real };

/** Where servers run: an .env of the root has no part in it. */
const OUT = join(ROOT, 'bench', 'out');

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(PARTS).join() },
    main: { type: 'string', default: BUILT },
    seconds: { type: 'string', default: '60' },
    requests: { type: 'string', default: '1000' },
    model: { type: 'string', default: join(ROOT, 'models', 'embedded') },
    tokens: { type: 'string', default: '256' },
    profile: { type: 'string' },
  },
});
for (const path of ['main', 'model', 'profile']) if (options[path]) options[path] = resolve(options[path]);
const SECONDS = Number(options.seconds);
const REQUESTS = Number(options.requests);

const rounded = (value, digits = 2) => Number(value.toFixed(digits));
const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(q * list.length))];
const median = (list) => quantile(list, 0.5);
const started = [];

function start(file, args, env = {}) {
  mkdirSync(OUT, { recursive: true });
  const child = spawn(file, args, {
    cwd: OUT,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  started.push(child);
  return child;
}

async function stop(child) {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await gone;
}

async function ready(url) {
  for (const end = Date.now() + 120_000; Date.now() < end; await sleep(20)) {
    const ok = await fetch(url).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ok) return;
  }
  throw new Error(`not ready within 120 s: ${url}`);
}

/** The gateway with its engine as a child: `chat` goes through it, `straight` to that same engine. */
async function startGateway(env = {}) {
  const [port, enginePort] = [await freePort(), await freePort()];
  const profile = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : [];
  const child = start(process.execPath, [...profile, options.main], { PORT: port, ENGINE_PORT: enginePort, ...env });
  await ready(`http://127.0.0.1:${port}/health/ready`);
  return {
    child,
    chat: { url: `http://127.0.0.1:${port}/v1/chat/completions` },
    straight: { url: `http://127.0.0.1:${enginePort}/v1/chat/completions` },
  };
}

function fakeModel() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-model-'));
  writeFileSync(join(folder, 'model_000001.pt'), 'fake');
  writeFileSync(join(folder, 'meta_000001.json'), '{"model_config": {}}');
  writeFileSync(join(folder, 'tokenizer.pkl'), 'fake');
  return folder;
}

/** Processor time of a process so far, in microseconds; null where the system does not tell. */
function cpuOf({ pid }) {
  if (!existsSync(`/proc/${pid}/stat`)) return null;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

class Client {
  child = fork(CLIENT, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  waiting = new Map();

  constructor() {
    started.push(this.child);
    this.child.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    });
  }

  run(job, options) {
    const id = this.waiting.size;
    this.child.send({ id, job, ...options });
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }
}

const told = (times) => ({ p50: rounded(median(times)), p99: rounded(quantile(times, 0.99)) });
const differences = (times, base) => times.map((time, i) => time - base[i]);

/**
 * Through the gateway, and then through a proxy that does nothing: what one more hop takes whatever it does. Not at the same
 * time, as a third process would take the two processors from the pairs.
 */
async function firstToken({ client, gateway }) {
  // Two: a stream that ends with its first token has that token's event and its end in one write.
  const plan = { firstMs: 20, tokens: 2, tokenMs: 10 };
  const pairs = async (target) => {
    const [straight, through] = await client.run('firstToken', { targets: [gateway.straight, target], plan, count: REQUESTS });
    const added = {
      p50: rounded(median(differences(through, straight))),
      p99: rounded(quantile(through, 0.99) - quantile(straight, 0.99)),
      pairsP99: rounded(quantile(differences(through, straight), 0.99)),
    };
    return { straightMs: told(straight), throughMs: told(through), addedMs: added };
  };
  const ours = await pairs(gateway.chat);
  const proxy = await startProxy(gateway.straight);
  try {
    return { requests: REQUESTS, engineDelayMs: plan.firstMs, ...ours, bareProxy: await pairs(proxy) };
  } finally {
    await stop(proxy.child);
  }
}

async function startProxy({ url }) {
  const port = await freePort();
  const { port: enginePort, pathname } = new URL(url);
  const child = start(process.execPath, [PROXY, String(port), enginePort]);
  await ready(`http://127.0.0.1:${port}/health`);
  return { child, url: `http://127.0.0.1:${port}${pathname}` };
}

async function streams({ client, gateway }) {
  const plan = { firstMs: 10, tokens: SECONDS * 100, tokenMs: 10 };
  const measure = async (target) => {
    const before = cpuOf(gateway.child);
    const result = await client.run('streams', { target, plan, count: 64 });
    const cpu = before === null ? null : rounded((cpuOf(gateway.child) - before) / result.tokens, 1);
    const numbers = Object.fromEntries(Object.entries(result).map(([name, value]) => [name, rounded(value)]));
    return { ...numbers, gatewayCpuMicrosecondsPerToken: cpu };
  };
  const straight = await measure(gateway.straight);
  const through = await measure(gateway.chat);
  return { streams: 64, tokensPerSecondEach: 100, straight, through, addedP99Ms: rounded(through.p99 - straight.p99) };
}

async function startPortkey() {
  if (!existsSync(join(PORTKEY_FOLDER, 'node_modules'))) {
    mkdirSync(PORTKEY_FOLDER, { recursive: true });
    writeFileSync(join(PORTKEY_FOLDER, 'package.json'), '{"private": true}');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', PORTKEY], { cwd: PORTKEY_FOLDER });
  }
  const port = await freePort();
  const main = join(PORTKEY_FOLDER, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
  const child = start(process.execPath, [main, `--port=${port}`, '--headless'], { NODE_ENV: 'production' });
  await ready(`http://127.0.0.1:${port}/`);
  return { child, url: `http://127.0.0.1:${port}/v1/chat/completions` };
}

async function portkey({ client, gateway }) {
  const { child, url } = await startPortkey();
  const { straight, chat } = gateway;
  const host = straight.url.replace('/chat/completions', '');
  const headers = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': host, authorization: 'Bearer none' };
  const other = { url, headers };
  try {
    // Our engine tells its tokens as they come, also where the client gets them all at the end.
    const plan = { firstMs: 1, tokens: 20, tokenMs: 1 };
    const targets = [straight, chat, other];
    const times = await client.run('whole', { targets, plan, count: REQUESTS });
    const added = (list) => rounded(median(differences(list, times[0])));
    const streamed = await client
      .run('firstToken', { targets: [straight, other], plan: { firstMs: 20, tokens: 1, tokenMs: 0 }, count: 100 })
      .then(([direct, through]) => `+${rounded(median(differences(through, direct)))} ms to the first token`)
      .catch((error) => `failed: ${error.message.split('\n')[0]}`);
    return {
      ...{ portkey: PORTKEY, requests: REQUESTS, engineDelayMs: plan.firstMs + (plan.tokens - 1) * plan.tokenMs, tokens: plan.tokens },
      ...{ straightMs: told(times[0]), throughMs: told(times[1]), portkeyMs: told(times[2]) },
      ...{ addedMs: added(times[1]), portkeyAddedMs: added(times[2]), portkeyStreams: streamed },
    };
  } finally {
    await stop(child);
  }
}

/** The gateway's own engine against a second one, alone; only one of them works at a time. */
async function real({ client }) {
  const { gateway, alone } = await startReal();
  const pairs = [];
  try {
    const run = (target) => client.run('real', { target, count: 16, tokens: Number(options.tokens) });
    await run(alone.target);
    await run(gateway.chat);
    for (let i = 0; i < 5; i++) {
      const first = i % 2 === 0 ? alone.target : gateway.chat;
      const one = await run(first);
      const two = await run(first === alone.target ? gateway.chat : alone.target);
      const [straight, through] = first === alone.target ? [one, two] : [two, one];
      pairs.push({ straight: rounded(straight, 0), through: rounded(through, 0), lostPercent: rounded(100 * (1 - through / straight), 1) });
    }
  } finally {
    await stop(gateway.child);
    await stop(alone.child);
  }
  return {
    ...{ model: basename(options.model), streams: 16, tokens: Number(options.tokens), tokensPerSecond: pairs },
    medianLostPercent: median(pairs.map(({ lostPercent }) => lostPercent)) };
}

async function startReal() {
  const gateway = await startGateway({ MODEL: options.model });
  const port = await freePort();
  const python = join(ROOT, '.venv', 'bin', 'python');
  const args = ['-m', 'nanochat_engine', '--model', options.model, '--port', String(port)];
  const child = start(python, args, { PYTHONPATH: join(ROOT, 'python'), PYTHONUNBUFFERED: '1' });
  await ready(`http://127.0.0.1:${port}/health`);
  return { gateway, alone: { child, target: { url: `http://127.0.0.1:${port}/generate`, native: true } } };
}

/** The newest of each part; a part that fails, or is run again alone, leaves the others as they are. */
function record(name, measured) {
  if (SECONDS !== 60 || REQUESTS !== 1000 || options.main !== BUILT) return;
  const file = new URL(`results/gateway-${measured.date.slice(0, 10)}.json`, import.meta.url);
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  writeFileSync(file, `${JSON.stringify({ ...before, [name]: measured }, null, 2)}\n`);
}

const model = fakeModel();
try {
  const client = new Client();
  const gateway = await startGateway({ INFERENCE_SERVER_PATH: ENGINE, MODEL: model, MAX_RUNNING: '256' });
  for (const name of options.only.split(',')) {
    const about = {
      date: new Date().toISOString(),
      commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT }).toString().trim(),
      machine: `${cpus().length} x ${cpus()[0].model}, Node ${process.versions.node}`,
      loadBefore: rounded(loadavg()[0]),
    };
    const measured = { ...about, ...(await PARTS[name]({ client, gateway })) };
    console.log(name, JSON.stringify(measured, null, 2));
    record(name, measured);
  }
  await stop(gateway.child);
} finally {
  for (const child of started) await stop(child);
  rmSync(model, { recursive: true, force: true });
}
