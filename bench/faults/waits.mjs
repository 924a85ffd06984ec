// A thread of a few clients that ask one request after the other: how long each waits for its first token.
import { parentPort, workerData } from 'node:worker_threads';
import { story } from './chat.mjs';
import { post } from './http.mjs';

const { address, headers, clients, requests, tokens } = workerData;
const found = { waits: [], failed: 0 };
let sent = 0;

async function asking() {
  while (sent < requests) {
    const body = story(sent++, { max_tokens: tokens, ignore_eos: true });
    const { status, firstMs } = await post({ address }, '/v1/chat/completions', body, { headers });
    if (status === 200 && firstMs !== null) found.waits.push(firstMs);
    else found.failed++;
  }
}

await Promise.all(Array.from({ length: clients }, asking));
parentPort.postMessage(found);
