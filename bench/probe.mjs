import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

// Not fetch, whose streams cost the two cores more than the gateway does: what is measured is the server.
export const agent = new Agent({ keepAlive: true });

/** The status of an answer to GET; 0 when nobody answers. */
export const statusOf = (url) =>
  new Promise((resolve) => {
    get(url, { agent }, (answer) => answer.resume().once('end', () => resolve(answer.statusCode))).once('error', () =>
      resolve(0),
    );
  });

/** Looks every 5 ms; resolves to the milliseconds until `look` was true, and throws when it is not in time. */
export async function until(look, deadlineMs = 300_000) {
  const begun = performance.now();
  while (!(await look())) {
    if (performance.now() - begun > deadlineMs) throw new Error(`not within ${deadlineMs} ms: ${look}`);
    await sleep(5);
  }
  return performance.now() - begun;
}
