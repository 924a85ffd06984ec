// Measures beside the load, so that the load's own client is not what is measured.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { most } from './figures.mjs';
import { memoryOf } from './process.mjs';

/** Runs a file of this folder in a thread, to its end or until `stop`; both resolve to what it has measured. */
export function inThread(file, data) {
  const thread = new Worker(new URL(file, import.meta.url), { workerData: data });
  const found = once(thread, 'message').then(async ([message]) => {
    await thread.terminate();
    return message;
  });
  return {
    found,
    stop: () => {
      thread.postMessage('stop');
      return found;
    },
  };
}

/** Resident bytes of processes, looked at every so often until `stop`. */
export function watchMemory(pids, everyMs = 500) {
  const samples = [];
  const look = () => samples.push({ at: performance.now(), bytes: pids.map(memoryOf) });
  look();
  const timer = setInterval(look, everyMs);
  return {
    samples,
    stop() {
      clearInterval(timer);
      look();
      return pids.map((_, index) => {
        const bytes = samples.map((sample) => sample.bytes[index]).filter((value) => value !== null);
        return { first: bytes[0], most: most(bytes), last: bytes.at(-1), all: bytes };
      });
    },
  };
}
