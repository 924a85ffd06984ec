// Two keys, one of which floods: how long the other waits for its first token, beside how long it does alone.
import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { story } from './chat.mjs';
import { atMost, median, quantile, rounded } from './figures.mjs';
import { post } from './http.mjs';
import { withGateway } from './server.mjs';

const FLOOD = 64;
const TOKENS = 64;
const QUIET_CLIENTS = 4;
const QUIET_REQUESTS = 200;
/** For the flood to fill the queue. */
const SETTLE_MS = 2000;

const [QUIET, LOUD] = ['quiet', 'loud'].map((name) => ({ name, key: `sk-${name}-of-the-fault-run` }));
const entryOf = ({ name, key }) => `${name}:${createHash('sha256').update(key).digest('hex')}`;
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

const ask = (gateway, { key }, seed) =>
  post(gateway, '/v1/chat/completions', story(seed, { max_tokens: TOKENS, ignore_eos: true }), {
    ...{ headers: { authorization: `Bearer ${key}` }, connections: agent },
  });

export const limitMinutes = () => 5;

export const run = ({ options }) =>
  withGateway({ MODEL: options.modelPath, API_KEYS: [QUIET, LOUD].map(entryOf).join() }, async (gateway) => {
    await quietWaits(gateway); // what the first requests make for good
    const alone = await quietWaits(gateway);
    const flood = { over: false, answers: 0, refused: 0 };
    const flooding = Array.from({ length: FLOOD }, (_, index) => floods(gateway, flood, index));
    await sleep(SETTLE_MS);
    const beside = await quietWaits(gateway);
    flood.over = true;
    await Promise.all(flooding);
    const told = ({ waits, failed }) => ({
      ...{ requests: waits.length, failed, p50: rounded(median(waits)), p90: rounded(quantile(waits, 0.9)) },
    });
    const ratio = rounded(median(beside.waits) / median(alone.waits), 2);
    const { answers, refused } = flood;
    return {
      figures: { aloneMs: told(alone), besideMs: told(beside), ratio, flood: { clients: FLOOD, answers, refused } },
      goals: [
        atMost('median wait beside the flood over that alone', ratio, 2),
        atMost('requests of the quiet key that failed', alone.failed + beside.failed, 0),
      ],
    };
  });

async function quietWaits(gateway) {
  const waits = [];
  let [sent, failed] = [0, 0];
  const loop = async () => {
    while (sent < QUIET_REQUESTS) {
      const { status, firstMs } = await ask(gateway, QUIET, sent++);
      if (status === 200 && firstMs !== null) waits.push(firstMs);
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: QUIET_CLIENTS }, loop));
  return { waits, failed };
}

async function floods(gateway, flood, index) {
  for (let seed = 1000 + index; !flood.over; seed += FLOOD) {
    const { status } = await ask(gateway, LOUD, seed);
    if (status === 200) flood.answers++;
    else flood.refused++;
  }
}
