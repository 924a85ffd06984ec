import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';

const started = [0, 1, 2].filter(isatty);
// Some terminals send the signal first and close after it.
const CLOSING_MS = 500;

/** After SIGHUP: whether it came from the terminal that this process was started at, and that is closed now. */
export async function terminalClosed() {
  if (started.length === 0) return false;
  await sleep(CLOSING_MS);
  return started.some((descriptor) => !isatty(descriptor));
}
