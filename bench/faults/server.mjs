// The built gateway as users start it, with the real engine, in a folder of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/free-port.mjs';
import { root } from '../../scripts/root.mjs';
import { statusOf, until } from '../probe.mjs';
import { fetched } from './http.mjs';
import { childrenOf } from './process.mjs';

const OUT = join(root, 'bench', 'out', 'chaos');
const START_MS = 300_000;
const STOP_MS = 60_000;
const living = new Set();

/** Nothing of a developer's own settings or .env: the figures must not depend on them. */
const CLEAN = { PATH: process.env.PATH, HOME: process.env.HOME, LOG_FORMAT: 'json', LOG_LEVEL: 'warn' };

/** SIGKILL to whatever this process started and that still runs. */
export function endAll() {
  for (const child of living) child.kill('SIGKILL');
}

/** Starts a process that `endAll` ends; its output goes to a file of bench/out/chaos. */
export function start(name, file, args, env) {
  mkdirSync(OUT, { recursive: true });
  const log = join(OUT, `${name}.log`);
  const output = openSync(log, 'w');
  const child = spawn(file, args, { cwd: OUT, env: { ...CLEAN, ...env }, stdio: ['ignore', output, output] });
  closeSync(output);
  living.add(child);
  child.once('exit', () => living.delete(child));
  return { child, log };
}

export class Gateway {
  /** Milliseconds from the first sight of the engines to all of them ready. */
  startMs = null;

  constructor({ child, log }, port, workers) {
    Object.assign(this, { child, log, workers, address: `http://127.0.0.1:${port}` });
  }

  /** Running, with every worker ready. */
  static async start(settings = {}, nodeArguments = []) {
    const [port, enginePort] = [await freePort(), await freePort()];
    const env = { PORT: String(port), ENGINE_PORT: String(enginePort), ...settings };
    const main = join(root, 'dist', 'main.js');
    const started = start(`gateway-${port}`, process.execPath, [...nodeArguments, main], env);
    const gateway = new Gateway(started, port, Number(settings.WORKERS ?? 1));
    await until(() => gateway.left || gateway.engines.length === gateway.workers, START_MS);
    gateway.startMs = await until(async () => gateway.left || (await gateway.allReady()), START_MS);
    if (gateway.left) throw new Error(`the gateway has left; see ${gateway.log}`);
    return gateway;
  }

  get pid() {
    return this.child.pid;
  }

  get left() {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Process ids. */
  get engines() {
    return childrenOf(this.pid);
  }

  get output() {
    return readFileSync(this.log, 'utf8');
  }

  async ready() {
    return (await statusOf(`${this.address}/health/ready`)) === 200;
  }

  /** Each worker, not only one. */
  async allReady() {
    const answer = await fetched(`${this.address}/health/ready`).catch(() => null);
    if (answer?.status !== 200) return false;
    const { workers } = JSON.parse(answer.text).details;
    return Object.values(workers).filter(({ state }) => state === 'ready').length === this.workers;
  }

  /** The sum over all labels of each metric, by its name without the prefix. */
  async metrics() {
    const { text } = await fetched(`${this.address}/metrics`);
    const sums = {};
    for (const [, name, value] of text.matchAll(/^nanochat:(\w+)(?:\{.*\})? (\S+)$/gm)) {
      sums[name] = (sums[name] ?? 0) + Number(value);
    }
    return sums;
  }

  /** The exit code, or the signal's name; by force where it does not leave in time. */
  async exit(deadlineMs = STOP_MS) {
    const limit = new AbortController();
    const late = sleep(deadlineMs, null, { signal: limit.signal }).catch(() => {});
    if (!this.left) await Promise.race([once(this.child, 'exit'), late]);
    limit.abort();
    if (!this.left) {
      this.child.kill('SIGKILL');
      await once(this.child, 'exit');
    }
    return this.child.exitCode ?? this.child.signalCode;
  }

  async stop() {
    if (!this.left) this.child.kill('SIGTERM');
    return this.exit();
  }
}

/** Runs `work` with a gateway, which is gone when this returns. */
export async function withGateway(settings, work, nodeArguments = []) {
  const gateway = await Gateway.start(settings, nodeArguments);
  try {
    return await work(gateway);
  } finally {
    await gateway.stop();
  }
}
