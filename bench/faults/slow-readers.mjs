// Clients that read one byte a second: memory stays bounded, they are cut off, and others do not notice.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { keenAnswerOf, story, whole } from './chat.mjs';
import { atLeast, atMost, mebibytes, most, rounded } from './figures.mjs';
import { atRest } from './idle.mjs';
import { withGateway } from './server.mjs';
import { watchMemory } from './watch.mjs';

const SLOW = 50;
const NORMAL = 4;
const NORMAL_TOKENS = 200;
/** Some 1.7 kB a token: more than the system's buffers and ours together can hold. */
const MUCH = { n: 4, max_tokens: 1900, logprobs: true, top_logprobs: 20, ignore_eos: true, temperature: 1 };
/** What ours may hold of each, 1 MiB, twice; and what a collector leaves for later. */
const MORE_BYTES = (2 * SLOW + 96) * 2 ** 20;
const LIMIT_MS = 240_000;

export const limitMinutes = () => 12;

export const run = ({ options }) =>
  withGateway(
    { MODEL: options.modelPath, MAX_RUNNING: '256', BATCH_INVARIANT: 'on', LOG_LEVEL: 'info' },
    async (gateway) => {
      const normal = () => keenAnswerOf(gateway, story(1, { max_tokens: NORMAL_TOKENS, temperature: 0 }));
      const expected = JSON.stringify((await normal()).choices);
      const before = await atRest(gateway);
      const memory = watchMemory([gateway.pid, ...gateway.engines]);
      const readers = Array.from({ length: SLOW }, (_, index) => slowReader(gateway, index));
      const beside = { requests: 0, lost: 0, differing: 0, longestMs: 0 };
      let over = false;
      const loop = async () => {
        while (!over) {
          const begun = performance.now();
          const answer = await normal();
          beside.longestMs = Math.max(beside.longestMs, rounded(performance.now() - begun, 0));
          beside.requests++;
          if (!whole(answer)) beside.lost++;
          else if (JSON.stringify(answer.choices) !== expected) beside.differing++;
        }
      };
      const loops = Array.from({ length: NORMAL }, loop);
      const outcomes = await ended(gateway, readers);
      over = true;
      await Promise.all(loops);
      const [ours, engine] = memory.stop();
      readers.forEach(({ socket }) => socket.destroy());
      const after = await atRest(gateway, before);
      const figures = { clients: SLOW, ...outcomes, beside, gateway: told(ours), engine: told(engine) };
      const goals = [
        atLeast('slow clients cut off', outcomes.cutOff, SLOW),
        atMost('MiB that the gateway took more', mebibytes(ours.most - ours.first), mebibytes(MORE_BYTES)),
        atLeast('streams beside them', beside.requests, NORMAL),
        atMost('streams beside them that were lost or differ', beside.lost + beside.differing, 0),
        atMost('descriptors left in the gateway', after.gatewayDescriptors - before.gatewayDescriptors, 0),
      ];
      return { figures, goals };
    },
  );

/** A client that asks for much and takes one byte a second of it. */
function slowReader(gateway, index) {
  const body = JSON.stringify(story(index, { ...MUCH, user: 'slow' }));
  const socket = connect({ port: Number(new URL(gateway.address).port), host: '127.0.0.1', highWaterMark: 1 });
  const reader = { socket, bytes: 0 };
  socket.on('error', () => {});
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
      `x-request-id: slow-${index}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const timer = setInterval(() => (reader.bytes += socket.read(1)?.length ?? 0), 1000);
  socket.once('close', () => clearInterval(timer));
  return reader;
}

/** How the slow ones ended, by the server's own log, once all have or the time is over. */
async function ended(gateway) {
  const end = performance.now() + LIMIT_MS;
  let lines = [];
  while (lines.length < SLOW && performance.now() < end) {
    await sleep(1000);
    lines = gateway.output
      .split('\n')
      .filter((line) => line.includes('"request_id":"slow-'))
      .map((line) => JSON.parse(line));
  }
  const count = (outcome) => lines.filter((line) => line.outcome === outcome).length;
  const last = most(lines.map(({ duration_ms: ms }) => ms));
  return {
    cutOff: count('cut_off'),
    finished: count('finished'),
    ended: lines.length,
    lastEndSeconds: rounded((last ?? 0) / 1000),
  };
}

const told = ({ first, most: highest, last }) => ({
  ...{ firstMiB: mebibytes(first), mostMiB: mebibytes(highest), lastMiB: mebibytes(last) },
});
