// Two keys, one of which floods: how long the other waits for its first token, beside how long it does alone.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { story } from './chat.mjs';
import { atMost, median, quantile, rounded } from './figures.mjs';
import { post } from './http.mjs';
import { withGateway } from './server.mjs';
import { inThread } from './watch.mjs';

const FLOOD = 64;
const TOKENS = 64;
const QUIET_CLIENTS = 4;
const QUIET_REQUESTS = 200;
/** Alone and beside the flood by turns, so that the machine's own changes hit both. */
const ROUNDS = 3;
/** For the flood to fill the queue. */
const SETTLE_MS = 2000;

const [QUIET, LOUD] = ['quiet', 'loud'].map((name) => ({ name, key: `sk-${name}-of-the-fault-run` }));
const entryOf = ({ name, key }) => `${name}:${createHash('sha256').update(key).digest('hex')}`;
const headersOf = ({ key }) => ({ authorization: `Bearer ${key}` });

export const limitMinutes = () => 5;

export const run = ({ options }) =>
  withGateway({ MODEL: options.modelPath, API_KEYS: [QUIET, LOUD].map(entryOf).join() }, async (gateway) => {
    await quietWaits(gateway); // what the first requests make for good
    const [alone, beside] = [[], []];
    const flood = { clients: FLOOD, answers: 0, refused: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      alone.push(await quietWaits(gateway));
      beside.push(await besideFlood(gateway, flood));
    }
    const [aloneMs, besideMs] = [alone, beside].map(told);
    const ratio = rounded(besideMs.p50 / aloneMs.p50, 2);
    return {
      figures: { aloneMs, besideMs, ratio, ratios: alone.map((one, at) => ratioOf(one, beside[at])), flood },
      goals: [
        atMost('median wait beside the flood over that alone', ratio, 2),
        atMost('requests of the quiet key that failed', aloneMs.failed + besideMs.failed, 0),
      ],
    };
  });

const quietWaits = ({ address }) =>
  inThread('./waits.mjs', {
    ...{ address, headers: headersOf(QUIET), clients: QUIET_CLIENTS, requests: QUIET_REQUESTS, tokens: TOKENS },
  }).found;

async function besideFlood(gateway, flood) {
  const state = { over: false };
  const flooding = Array.from({ length: FLOOD }, (_, index) => floods(gateway, state, flood, index));
  await sleep(SETTLE_MS);
  const waits = await quietWaits(gateway);
  state.over = true;
  await Promise.all(flooding);
  return waits;
}

async function floods(gateway, state, flood, index) {
  for (let seed = 1000 + index; !state.over; seed += FLOOD) {
    const body = story(seed, { max_tokens: TOKENS, ignore_eos: true });
    const { status } = await post(gateway, '/v1/chat/completions', body, { headers: headersOf(LOUD) });
    if (status === 200) flood.answers++;
    else flood.refused++;
  }
}

function told(rounds) {
  const waits = rounds.flatMap((round) => round.waits);
  const failed = rounds.reduce((sum, round) => sum + round.failed, 0);
  return { requests: waits.length, failed, p50: rounded(median(waits)), p90: rounded(quantile(waits, 0.9)) };
}

const ratioOf = (alone, beside) => rounded(median(beside.waits) / median(alone.waits), 2);
