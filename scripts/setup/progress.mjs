// A line every few seconds of a long step, with a terminal and without: npm hides nothing of it.
import { say } from './message.mjs';

const LINE_EVERY_MS = 4000;

/** Says `doing()` every few seconds while `work` runs, and gives its result. */
export async function whileSaying(doing, work) {
  const started = performance.now();
  const ticker = setInterval(
    () => say(`${Math.round((performance.now() - started) / 1000)} s: ${doing()}`),
    LINE_EVERY_MS,
  );
  try {
    return await work();
  } finally {
    clearInterval(ticker);
  }
}
