// The measuring client, in a process of its own: bench/gateway.mjs sends it jobs and gets numbers back.
import { Agent, request } from 'node:http';
import { clock } from './clock.mjs';

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
/** Rounds before those that count: what has just started, and is not compiled yet, is not what is measured. */
const WARM_UP = 3000;
const QUICKLY = { firstMs: 0, tokens: 2, tokenMs: 0 };
const jobs = { firstToken, streams, whole, real };

process.on('message', async ({ id, job, ...options }) => {
  try {
    process.send({ id, result: await jobs[job](options) });
  } catch (error) {
    process.send({ id, error: String(error.stack ?? error) });
  }
});

/** One request; resolves with its response, whose body is still to be read. */
function post({ url, headers = {} }, body) {
  const text = JSON.stringify(body);
  const all = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers };
  return new Promise((resolve, reject) => {
    request(url, { method: 'POST', agent, headers: all }, (response) => {
      if (response.statusCode === 200) return resolve(response.setEncoding('utf8'));
      response.setEncoding('utf8').on('data', (part) => reject(new Error(`${url}: ${response.statusCode} ${part}`)));
    })
      .once('error', reject)
      .end(text);
  });
}

const asked = (plan, stream) => ({
  ...{ model: 'nanochat', stream, seed: 1 },
  messages: [{ role: 'user', content: JSON.stringify(plan) }],
});

/** Reads server-sent events; `onToken` gets the time that a token's text carries. Says how the events came. */
async function readEvents(response, onToken) {
  let rest = '';
  let done = false;
  const seen = { events: 0, shared: 0 };
  response.on('data', (part) => {
    const now = clock();
    const events = (rest + part).split('\n\n');
    rest = events.pop();
    for (const event of events) {
      if (event === 'data: [DONE]') done = true;
      const first = event.indexOf('"content":"@');
      if (first === -1) continue;
      seen.events += 1;
      if (event.includes('@', first + 12)) seen.shared += 1;
      onToken(Number.parseInt(event.slice(first + 12), 10), now);
    }
  });
  await new Promise((resolve, reject) => response.once('end', resolve).once('error', reject));
  if (!done || rest !== '') throw new Error('a stream ended before its end');
  return seen;
}

/** Milliseconds from sending a request to its first token, the targets in turn, `count` times each. */
async function firstToken({ targets, plan, count }) {
  const once = async (target, wanted) => {
    const begun = clock();
    let first = null;
    await readEvents(await post(target, asked(wanted, true)), (_sent, now) => (first ??= now));
    return (first - begun) / 1000;
  };
  return paired(targets, once, plan, count);
}

/** Milliseconds of a request without a stream, the targets in turn, `count` times each. */
async function whole({ targets, plan, count }) {
  const once = async (target, wanted) => {
    const begun = clock();
    const response = await post(target, asked(wanted, false));
    let text = '';
    for await (const part of response) text += part;
    const time = (clock() - begun) / 1000;
    if (!text.includes('"content":"@')) throw new Error(text.slice(0, 500));
    return time;
  };
  return paired(targets, once, plan, count);
}

/** What `once` measures of each target, in turn, `count` times, when all are warm. */
async function paired(targets, once, plan, count) {
  for (let i = 0; i < WARM_UP; i++) for (const target of targets) await once(target, QUICKLY);
  const times = targets.map(() => []);
  for (let i = 0; i < count; i++) {
    for (const [index, target] of inTurn(targets, i)) times[index].push(await once(target, plan));
  }
  return times;
}

/** Each second round runs the other way round, so that no target always comes after the same one. */
function inTurn(targets, round) {
  const entries = [...targets.entries()];
  return round % 2 === 0 ? entries : entries.reverse();
}

/** Delay of each token from its writing in the engine to its event here, in milliseconds, over `count` streams at once. */
async function streams({ target, plan, count }) {
  const delays = new Float64Array(count * plan.tokens);
  let tokens = 0;
  const begun = clock();
  const cpu = process.cpuUsage();
  const seen = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      // Spread over one interval, as clients that know nothing of each other.
      await new Promise((resolve) => setTimeout(resolve, (index / count) * plan.tokenMs));
      return readEvents(await post(target, asked(plan, true)), (sent, now) => (delays[tokens++] = (now - sent) / 1000));
    }),
  );
  const seconds = (clock() - begun) / 1e6;
  const { user, system } = process.cpuUsage(cpu);
  const sum = (name) => seen.reduce((total, one) => total + one[name], 0);
  const sorted = delays.subarray(0, tokens).sort();
  const at = (q) => sorted[Math.min(tokens - 1, Math.floor(q * tokens))];
  return {
    ...{ expected: count * plan.tokens, tokens, events: sum('events'), sharedEvents: sum('shared'), seconds },
    ...{ p50: at(0.5), p99: at(0.99), max: at(1), clientCpuMicrosecondsPerToken: (user + system) / tokens },
  };
}

/** Tokens a second of `count` streams of the real engine at once, native lines or server-sent events. */
async function real({ target, count, tokens }) {
  const begun = clock();
  const made = await Promise.all(
    Array.from({ length: count }, async (_, seed) => {
      const messages = [{ role: 'user', content: 'Tell me a story about a fox.' }];
      const sampling = { temperature: 1, max_tokens: tokens, seed, ignore_eos: true };
      const body = target.native
        ? { messages, sampling }
        : { messages, ...sampling, model: 'nanochat', stream: true, stream_options: { include_usage: true } };
      let tail = '';
      for await (const part of await post(target, body)) tail = (tail + part).slice(-1000);
      return Number(/"completion_tokens": ?(\d+)/.exec(tail)[1]);
    }),
  );
  return made.reduce((a, b) => a + b, 0) / ((clock() - begun) / 1e6);
}
