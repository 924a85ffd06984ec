// Kills engines under load and looks at what the clients get: see README.md. Every random choice comes from --seed.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../scripts/free-port.mjs';
import { agent, statusOf, until } from './probe.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STREAMS = 16;
const { values: options } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    workers: { type: 'string', default: '1' },
    signal: { type: 'string', default: 'SIGKILL' },
    model: { type: 'string', default: 'embedded' },
    invariant: { type: 'string', default: 'on' },
    tokens: { type: 'string', default: '150' },
    seed: { type: 'string', default: '1' },
    name: { type: 'string' },
  },
});
const TOKENS = Number(options.tokens);
const HANG_SECONDS = 3;
const LOST_MS = 120_000;
/** Deaths sooner after ready than 10 s are counted as a loop of crashes, which ends in `failed` by design. */
const EARLY_MS = 10_500;

const now = () => performance.now();
const rounded = (value) => Math.round(value);

/** Mulberry32: enough to choose moments and victims by. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = generator(Number(options.seed));

async function startGateway() {
  const port = await freePort();
  const env = {
    ...process.env,
    ...{ PORT: String(port), ENGINE_PORT: String(await freePort()), WORKERS: options.workers, MODEL: options.model },
    ...{ BATCH_INVARIANT: options.invariant, DTYPE: 'bfloat16', HANG_SECONDS: String(HANG_SECONDS), RESUME_TRIES: '10' },
    LOG_LEVEL: 'error',
  };
  const child = spawn(process.execPath, ['dist/main.js'], { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const gateway = { child, address: `http://127.0.0.1:${port}` };
  await until(async () => (await allReady(gateway)) || child.exitCode !== null);
  return gateway;
}

const enginesOf = ({ child: { pid } }) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
const ready = async ({ address }) => (await statusOf(`${address}/health/ready`)) === 200;

/** Each worker, not only one. */
async function allReady({ address }) {
  const answer = await fetch(`${address}/health/ready`).catch(() => null);
  if (answer?.status !== 200) return false;
  return (await answer.text()).match(/"state":"ready"/g)?.length >= Number(options.workers);
}

/** One stream to its end: text, the ids that its text was decoded from, and how it ended. */
async function stream(gateway, index, onToken) {
  const body = {
    model: 'nanochat',
    messages: [{ role: 'user', content: `Tell me story number ${index} about a fox.` }],
    ...{ stream: true, max_tokens: TOKENS, seed: index, ignore_eos: true, return_token_ids: true },
    ...(index % 2 === 0 ? { temperature: 0 } : { temperature: 1 }),
  };
  const headers = { 'content-type': 'application/json' };
  const sent = request(`${gateway.address}/v1/chat/completions`, { method: 'POST', headers, agent });
  sent.end(JSON.stringify(body));
  const [answer] = await once(sent, 'response');
  const result = { text: '', ids: [], finish: null, error: null, done: false };
  let rest = '';
  for await (const part of answer.setEncoding('utf8')) {
    rest += part;
    const events = rest.split('\n\n');
    rest = events.pop();
    for (const event of events) take(event, result, onToken);
  }
  return result;
}

function take(event, result, onToken) {
  if (!event.startsWith('data: ')) return;
  if (event === 'data: [DONE]') {
    result.done = true;
    return;
  }
  const { error, choices = [] } = JSON.parse(event.slice('data: '.length));
  if (error) result.error = error.message;
  for (const { delta, finish_reason: finish, token_ids: ids } of choices) {
    result.text += delta.content ?? '';
    if (ids?.length) {
      result.ids.push(...ids);
      onToken();
    }
    result.finish ??= finish;
  }
}

async function round(gateway, strike) {
  let tokens = 0;
  const at = Math.floor((0.1 + 0.8 * random()) * STREAMS * TOKENS);
  let struck = null;
  const streams = Array.from({ length: STREAMS }, (_, index) =>
    stream(gateway, index, () => {
      if (++tokens >= at && strike !== null) struck ??= strike();
    }).catch((failure) => ({ text: '', ids: [], finish: null, error: String(failure), done: false })),
  );
  const lost = sleep(LOST_MS, null, { ref: false });
  const results = await Promise.race([Promise.all(streams), lost]);
  return { results, struck: await struck };
}

/** Kills one engine; how long ready stayed true with none left, and until it was true again. */
async function strike(gateway) {
  const engines = enginesOf(gateway);
  const alone = engines.length === 1;
  process.kill(Number(engines[Math.floor(random() * engines.length)]), options.signal);
  const unreadyMs = alone ? await until(async () => !(await ready(gateway))) : 0;
  const readyMs = await until(() => ready(gateway));
  return { unreadyMs, readyMs: unreadyMs + readyMs };
}

const textOf = ({ text, finish }) => `${finish}:${text}`;

async function run() {
  const gateway = await startGateway();
  const figures = { kills: 0, streams: 0, lost: 0, hung: 0, differing: 0, texts: 0 };
  const unready = [];
  const again = [];
  try {
    const undisturbed = (await round(gateway, null)).results;
    for (; figures.kills < Number(options.kills); figures.kills++) {
      const { results, struck } = await round(gateway, () => strike(gateway));
      figures.streams += STREAMS;
      if (results === null) {
        figures.hung += STREAMS;
        break;
      }
      results.forEach((result, index) => {
        if (result.error !== null || !result.done || result.finish === null) figures.lost++;
        else if (result.ids.length !== TOKENS) figures.texts++;
        else if (textOf(result) !== textOf(undisturbed[index])) figures.differing++;
      });
      if (struck !== null) {
        unready.push(struck.unreadyMs);
        again.push(struck.readyMs);
      }
      await until(() => allReady(gateway));
      await sleep(EARLY_MS);
      if ((figures.kills + 1) % 10 === 0) process.stderr.write(`${JSON.stringify({ ...figures, kills: figures.kills + 1 })}\n`);
    }
  } finally {
    gateway.child.kill('SIGTERM');
    await once(gateway.child, 'exit');
  }
  const most = (list) => (list.length === 0 ? null : rounded(Math.max(...list)));
  return { ...figures, longestUnreadyMs: most(unready), longestReadyAgainMs: most(again) };
}

const result = {
  date: new Date().toISOString(),
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT }).toString().trim(),
  machine: `${cpus().length} x ${cpus()[0].model}`,
  ...{ workers: Number(options.workers), signal: options.signal, model: options.model.split('/').at(-1) },
  ...{ dtype: 'bfloat16', batchInvariant: options.invariant, tokens: TOKENS, seed: Number(options.seed) },
  ...(await run()),
};
console.log(JSON.stringify(result, null, 2));
if (options.name) {
  writeFileSync(new URL(`results/chaos-${options.name}.json`, import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
}
process.exit(result.lost + result.hung + result.texts === 0 ? 0 : 1);
