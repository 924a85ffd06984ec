// What a server holds when nobody asks anything of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { agent } from '../probe.mjs';
import { descriptorsOf } from './process.mjs';

const POLL_MS = 250;
/** Of the engine's health by the gateway; older figures say nothing of now. */
const FRESH_MS = 1500;
/** Longer than either process keeps an idle connection to the other. */
const STEADY_MS = 12_000;

async function held(gateway) {
  const metrics = await gateway.metrics();
  await sleep(50); // until the connection of that is closed
  const engines = gateway.engines.map(descriptorsOf);
  const sum = (name) => engines.reduce((total, counts) => total + counts[name], 0);
  return {
    queued: metrics.num_requests_running + metrics.num_requests_waiting,
    sequences: metrics.worker_sequences_running + metrics.worker_sequences_waiting,
    cacheShare: metrics.kv_cache_usage_perc,
    gatewayDescriptors: descriptorsOf(gateway.pid).descriptors,
    gatewaySockets: descriptorsOf(gateway.pid).sockets,
    engineDescriptors: sum('descriptors'),
    engineSockets: sum('sockets'),
  };
}

/**
 * What it holds once that is no more than `before`, or, without one, once nothing has changed for so long that connections
 * kept alive have ended; at the latest after the time given.
 */
export async function atRest(gateway, before = null, limitMs = 120_000) {
  agent.destroy();
  await sleep(FRESH_MS);
  const end = performance.now() + limitMs;
  let [found, since] = [await held(gateway), performance.now()];
  const settled = () => !busy(found) && performance.now() - since > STEADY_MS;
  const over = () => (before === null ? !settled() : excess(before, found).length > 0);
  while (over() && performance.now() < end) {
    await sleep(POLL_MS);
    const next = await held(gateway);
    if (JSON.stringify(next) !== JSON.stringify(found)) since = performance.now();
    found = next;
  }
  return found;
}

const busy = ({ queued, sequences }) => queued + sequences > 0;

/** The names of what is more than before. */
export const excess = (before, after) => Object.keys(before).filter((name) => after[name] > before[name]);
