// A thread that probes: live and ready in turn, at a fixed rate whatever they take.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { statusOf } from '../probe.mjs';

const { address, everyMs } = workerData;
const [times, late, statuses] = [[], [], {}];
let stopped = false;
parentPort.once('message', () => (stopped = true));

async function probe(path) {
  const begun = performance.now();
  const status = await statusOf(`${address}/health/${path}`);
  times.push(performance.now() - begun);
  statuses[status] = (statuses[status] ?? 0) + 1;
}

const probes = [];
for (let due = performance.now(); !stopped; due += everyMs) {
  probes.push(probe(probes.length % 2 === 0 ? 'live' : 'ready'));
  await sleep(Math.max(0, due + everyMs - performance.now()));
  late.push(performance.now() - due - everyMs); // how long this thread itself waits for a processor
}
await Promise.all(probes);
parentPort.postMessage({ times, late, statuses });
