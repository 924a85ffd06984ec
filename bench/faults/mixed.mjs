// Everything that clients ask for, mixed, for half an hour: memory, descriptors and sequences do not grow.
import { setTimeout as sleep } from 'node:timers/promises';
import { clientOf } from './chat.mjs';
import { atLeast, atMost, mebibytes, median, rounded } from './figures.mjs';
import { heapOf, INSPECTED } from './heap.mjs';
import { atRest } from './idle.mjs';
import { askSomething } from './mixed-requests.mjs';
import { withGateway } from './server.mjs';
import { watchMemory } from './watch.mjs';

const CLIENTS = 8;
/** Shares of the time: of 30 minutes, minutes 10 to 15 and the last 5. */
const [EARLY, LATE] = [
  [1 / 3, 1 / 2],
  [5 / 6, 1],
];
const WARM_UP_SHARE = 1 / 30;

export const limitMinutes = ({ minutes }) => 10 + 1.3 * minutes;
export const label = (name, { minutes }) => `${name}, ${minutes} minutes`;

export const run = ({ options, random, say }) =>
  withGateway(
    { MODEL: options.modelPath, WORKERS: String(options.workers) },
    async (gateway) => {
      const load = { gateway, random, client: clientOf(gateway), requests: 0, errors: [] };
      const lastMs = options.minutes * 60_000;
      await keepBusy(load, WARM_UP_SHARE * lastMs);
      const before = await atRest(gateway);
      const memory = watchMemory([gateway.pid, ...gateway.engines], 1000);
      const begun = performance.now();
      await keepBusy(load, EARLY[0] * lastMs);
      await atRest(gateway, before);
      const earlyHeap = await heapOf(gateway);
      say(`${load.requests} requests, ${load.errors.length} errors, heap ${mebibytes(earlyHeap)} MiB`);
      await keepBusy(load, lastMs - (performance.now() - begun));
      memory.stop();
      const after = await atRest(gateway, before);
      const lateHeap = await heapOf(gateway);
      return told({ load, memory: windows(memory.samples, begun, lastMs), before, after, earlyHeap, lateHeap });
    },
    INSPECTED,
  );

async function keepBusy(load, ms) {
  const end = performance.now() + ms;
  const loop = async () => {
    while (performance.now() < end) {
      const wrong = await askSomething(load).catch(({ message }) => message);
      load.requests++;
      if (wrong !== null) load.errors.push(wrong);
      await sleep(load.random() * 50); // people pause, too
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, loop));
}

/** Medians of each process's resident bytes, early and late. */
const windows = (samples, begun, lastMs) =>
  samples[0].bytes.map((_, process) => {
    const [early, late] = [EARLY, LATE].map(([from, to]) => {
      const inside = samples.filter(({ at }) => at - begun >= from * lastMs && at - begun <= to * lastMs);
      return median(inside.map(({ bytes }) => bytes[process]).filter((bytes) => bytes !== null));
    });
    return { earlyMiB: mebibytes(early), lateMiB: mebibytes(late), ratio: rounded(late / early, 4) };
  });

function told({ load, memory, before, after, earlyHeap, lateHeap }) {
  const [gateway, ...engines] = memory;
  const heap = { earlyMiB: mebibytes(earlyHeap), lateMiB: mebibytes(lateHeap) };
  const grownMegabytes = rounded((lateHeap - earlyHeap) / 1e6, 2);
  const { requests, errors } = load;
  const goals = [
    atMost('errors', errors.length, 0),
    atLeast('requests', requests, 1),
    atMost('resident memory of the gateway, late over early', gateway.ratio, 1.03),
    ...engines.map(({ ratio }) => atMost('resident memory of an engine, late over early', ratio, 1.03)),
    atMost('MB that the heap after a collection has grown', grownMegabytes, 3),
    ...Object.keys(before).map((name) => atMost(`${name} more than before`, rounded(after[name] - before[name], 4), 0)),
  ];
  return {
    figures: { requests, errors: errors.length, examples: errors.slice(0, 3), gateway, engines, heap, before, after },
    goals,
  };
}
