// Ten times what the server can do, in an open loop: who is refused, whether memory stays bounded and probes answer.
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { story } from './chat.mjs';
import { atLeast, atMost, mebibytes, median, quantile, rounded } from './figures.mjs';
import { heapOf, INSPECTED } from './heap.mjs';
import { isErrorBody, post } from './http.mjs';
import { withGateway } from './server.mjs';
import { inThread, watchMemory } from './watch.mjs';

const TIMES = 10;
const CLOSED_CLIENTS = 32;
const CAPACITY_MS = 10_000;
const TOKENS = 128;
const PROBE_MS = 100;
/** What a process may take more than before, however long it lasts: V8 lets garbage grow to several times what lives before it collects. */
const MORE_BYTES = 512 * 2 ** 20;

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
const ask = (gateway, seed) => {
  const stream = seed % 2 === 0;
  const body = story(seed, {
    max_tokens: TOKENS,
    ignore_eos: true,
    stream,
    ...(stream ? {} : { stream_options: null }),
  });
  return post(gateway, '/v1/chat/completions', body, { connections: agent });
};

export const limitMinutes = ({ seconds }) => 5 + (2 * seconds) / 60;

export const run = ({ options, say }) =>
  withGateway(
    { MODEL: options.modelPath, WORKERS: String(options.workers) },
    (gateway) => overload(gateway, options, say),
    INSPECTED,
  );

async function overload(gateway, options, say) {
  const capacity = await capacityOf(gateway);
  const heapBefore = await heapOf(gateway);
  say(`capacity: ${rounded(capacity)} requests of ${TOKENS} tokens a second`);
  const memory = watchMemory([gateway.pid, ...gateway.engines]);
  const probes = inThread('./probing.mjs', { address: gateway.address, everyMs: PROBE_MS });
  const answers = await openLoop(gateway, TIMES * capacity, options.seconds);
  const { times, late, statuses } = await probes.stop();
  const memories = memory.stop();
  const heap = { beforeMiB: mebibytes(heapBefore), afterMiB: mebibytes(await heapOf(gateway)) };
  const figures = { capacity: rounded(capacity), offered: rounded(TIMES * capacity), ...judged(answers) };
  const [gatewayMemory, ...engines] = memories.map(grown);
  const probed = {
    count: times.length,
    statuses,
    p50: rounded(median(times)),
    p99: rounded(quantile(times, 0.99)),
    threadLateP99: rounded(quantile(late, 0.99)),
  };
  const more = Math.max(...memories.map(({ first, most }) => most - first));
  const goals = [
    atMost('requests without an answer', figures.unanswered, 0),
    atMost('refusals other than 429 or 503 with Retry-After and the error body', figures.wrong, 0),
    atMost('accepted requests that did not finish', figures.broken, 0),
    atLeast('refused requests', figures.refused, 1),
    atMost('MiB that a process took more', mebibytes(more), mebibytes(MORE_BYTES)),
    atMost("MiB that the gateway's heap has grown, after a collection", rounded(heap.afterMiB - heap.beforeMiB), 3),
    atMost('ms of probes, p99', probed.p99, 100),
    atMost('probes with another status than 200', probed.count - (statuses[200] ?? 0), 0),
  ];
  return { figures: { ...figures, probes: probed, gateway: gatewayMemory, engines, heap }, goals };
}

/** Requests a second that closed loops get through. */
async function capacityOf(gateway) {
  const end = performance.now() + CAPACITY_MS;
  let done = 0;
  const loop = async (index) => {
    for (let seed = index; performance.now() < end; seed += CLOSED_CLIENTS) {
      const { status, text } = await ask(gateway, seed);
      if (status !== 200) throw new Error(`in the closed loop: ${status} ${text}`);
      if (performance.now() < end) done++;
    }
  };
  await Promise.all(Array.from({ length: CLOSED_CLIENTS }, (_, index) => loop(index)));
  return done / (CAPACITY_MS / 1000);
}

/** Requests at a rate, whatever becomes of them; all answers. */
async function openLoop(gateway, rate, seconds) {
  const answers = [];
  const begun = performance.now();
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - begun) / 1000) {
    while (answers.length < elapsed * rate) answers.push(ask(gateway, answers.length).then(kindOf));
    await sleep(2);
  }
  return Promise.all(answers);
}

/** What became of a request; texts are not kept. */
function kindOf({ status, headers, text }) {
  if (status === 0) return 'unanswered';
  if (status === 200) return /"error"/.test(text) || !/\[DONE\]|"usage":\{/.test(text) ? 'broken' : 'finished';
  const advised = Number(headers['retry-after']) >= 1;
  return [429, 503].includes(status) && advised && isErrorBody(text) ? 'refused' : 'wrong';
}

function judged(kinds) {
  const counts = { requests: kinds.length, finished: 0, refused: 0, unanswered: 0, wrong: 0, broken: 0 };
  for (const kind of kinds) counts[kind]++;
  return counts;
}

const grown = ({ first, most, last }) => ({
  ...{ firstMiB: mebibytes(first), mostMiB: mebibytes(most), lastMiB: mebibytes(last) },
});
