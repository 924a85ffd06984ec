// A thread of ordinary clients: streams without end, and a small request at a fixed rate; how long each waits.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { story } from './chat.mjs';
import { post } from './http.mjs';

const { address, streams, everyMs } = workerData;
const gateway = { address };
const found = { small: [], streams: [], failed: 0, firstFailure: null };
let stopped = false;
parentPort.once('message', () => (stopped = true));

function take(list, { status, text, ms }) {
  if (status === 200) return list.push(ms);
  found.failed++;
  found.firstFailure ??= `${status} ${text}`;
}

async function streaming(index) {
  while (!stopped)
    take(
      found.streams,
      await post(gateway, '/v1/chat/completions', story(index, { max_tokens: 200, ignore_eos: true })),
    );
}

const small = { max_tokens: 1, stream: false, stream_options: null };
const loops = Array.from({ length: streams }, (_, index) => streaming(index));
const asked = [];
for (let due = performance.now(); !stopped; due += everyMs) {
  asked.push(
    post(gateway, '/v1/chat/completions', story(asked.length, small)).then((answer) => take(found.small, answer)),
  );
  await sleep(Math.max(0, due + everyMs - performance.now()));
}
await Promise.all([...asked, ...loops]);
parentPort.postMessage(found);
