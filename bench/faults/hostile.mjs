// Hostile input: each gets a clear answer, and who asks beside it hardly waits longer.
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/free-port.mjs';
import { root } from '../../scripts/root.mjs';
import { statusOf, until } from '../probe.mjs';
import { atLeast, atMost, median, pick, quantile, rounded } from './figures.mjs';
import { DUPLICATES, endless, ENGINE_DUPLICATES, INPUTS } from './hostile-inputs.mjs';
import { closeOf, isErrorBody, post } from './http.mjs';
import { start, withGateway } from './server.mjs';
import { inThread } from './watch.mjs';

const REQUESTS = 500;
const BESIDE_MS = 30_000;
const ANSWER_MS = 10_000;
/** What the server gives a request to arrive, and then some. */
const ARRIVAL_MS = 90_000;

export const limitMinutes = () => 8;

export const run = ({ options, random, say }) =>
  withGateway({ MODEL: options.modelPath }, async (gateway) => {
    const unclear = [];
    const judge = async ({ name, bytes, statuses }) => {
      const { status, text } = await exchange(gateway, bytes);
      if (!statuses.includes(status) || (status >= 400 && !isErrorBody(text)))
        unclear.push(`${name}: ${status} ${text.slice(0, 200)}`);
    };
    const stalled = exchange(gateway, endless('').head, null, ARRIVAL_MS);
    const flooded = await exchange(gateway, endless('').head, endless('x'.repeat(65_536)).more);
    for (const input of INPUTS) await judge(input);
    say(JSON.stringify(unclear, null, 1));
    const answers = { inputs: INPUTS.length, unclear: unclear.length, endless: flooded.status };
    const beside = await besides(gateway, random, judge);
    answers.stalled = (await stalled).status;
    const duplicates = { gateway: await gatewayDuplicates(gateway), engine: await engineDuplicates(options) };
    return {
      figures: { ...answers, duplicates, ...beside, examples: unclear.slice(0, 5) },
      goals: [
        atMost('inputs without a clear answer', unclear.length, 0),
        atLeast('hostile requests beside others', beside.requests, REQUESTS),
        atMost('status of a chunked body without an end, 413', Math.abs(answers.endless - 413), 0),
        atMost('status of a body that stops arriving, 408', Math.abs(answers.stalled - 408), 0),
        atMost('tokens by the last of duplicate keys, gateway', Math.abs(duplicates.gateway - 2), 0),
        atMost('tokens by the last of duplicate keys, engine', Math.abs(duplicates.engine - 2), 0),
        atMost('ms that the p99 of small requests rises', beside.small.riseMs, 50),
        atMost('ms that the p99 of whole streams rises', beside.streams.riseMs, 50),
        atMost('requests beside them that failed', beside.failed, 0),
      ],
    };
  });

/** Status and body of what comes back on a connection of its own; status 0 when nothing does. */
async function exchange({ address }, bytes, more = null, limitMs = ANSWER_MS) {
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  let text = '';
  socket.on('error', () => {}).setEncoding('latin1');
  socket.on('data', (part) => (text += part));
  const closed = closeOf(socket);
  socket.write(bytes);
  const limit = new AbortController();
  if (more !== null) void pour(socket, more);
  await Promise.race([
    closed,
    sleep(limitMs, null, { signal: limit.signal }).catch(() => {}),
    complete(socket, () => text),
  ]);
  limit.abort();
  socket.destroy();
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text: Buffer.from(body, 'latin1').toString() };
}

/** Resolves when a whole answer of a known length is there: not every connection closes after it. */
const complete = (socket, textOf) =>
  new Promise((resolve) => {
    socket.on('data', () => {
      const text = textOf();
      const end = text.indexOf('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(text.slice(0, end))?.[1];
      if (end >= 0 && length !== undefined && text.length - end - 4 >= Number(length)) resolve();
    });
  });

async function pour(socket, more) {
  while (!socket.destroyed && socket.writable) {
    if (!socket.write(more))
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closeOf(socket)]);
    await sleep(1);
  }
}

/** Ordinary clients for a while alone, then beside 500 hostile requests. */
async function besides(gateway, random, judge) {
  const data = { address: gateway.address, streams: 4, everyMs: 50 };
  const alone = inThread('./besides.mjs', data);
  await sleep(BESIDE_MS);
  const before = await alone.stop();
  const disturbed = inThread('./besides.mjs', data);
  const hostile = [];
  const begun = performance.now();
  while (hostile.length < REQUESTS) {
    hostile.push(judge(pick(random, INPUTS)));
    await sleep(Math.max(0, begun + (hostile.length * BESIDE_MS) / REQUESTS - performance.now()));
  }
  await Promise.all(hostile);
  const after = await disturbed.stop();
  const told = (name) => {
    const [alone, beside] = [before[name], after[name]].map((list) => ({
      count: list.length,
      p50: rounded(median(list)),
      p99: rounded(quantile(list, 0.99)),
    }));
    return { alone, beside, riseMs: rounded(beside.p99 - alone.p99) };
  };
  const { failed, firstFailure } = after;
  return {
    requests: hostile.length,
    small: told('small'),
    streams: told('streams'),
    failed: failed + before.failed,
    firstFailure,
  };
}

async function gatewayDuplicates(gateway) {
  const { text } = await post(gateway, '/v1/chat/completions', DUPLICATES);
  return JSON.parse(text).usage.completion_tokens;
}

/** An engine alone, as it may be run on loopback without a token. */
async function engineDuplicates({ modelPath }) {
  const port = await freePort();
  const model = modelPath === 'embedded' ? join(root, 'models', 'embedded') : modelPath;
  const args = ['-m', 'nanochat_engine', '--model', model, '--port', String(port)];
  const { child } = start('engine', join(root, '.venv', 'bin', 'python'), args, { PYTHONPATH: join(root, 'python') });
  try {
    const address = `http://127.0.0.1:${port}`;
    await until(async () => (await statusOf(`${address}/health`)) === 200);
    const { text } = await post({ address }, '/generate', ENGINE_DUPLICATES);
    return JSON.parse(text.trim().split('\n').at(-1)).usage.completion_tokens;
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}
