import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { freePort } from '../../src/python-engine/process/free-port.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Ten times and more what a start or an end takes here. */
export const DEADLINE_MS = 120_000;

export interface EngineCounts {
  pid: number;
  running: number;
  waiting: number;
  aborted: number;
  finished: number;
  abort_steps_max: number;
  batch_invariant: boolean;
  cache: { blocks_used: number };
}

/** The built server as a user starts it: a process of its own, with the real engine and the embedded model. */
export class GatewayProcess {
  output = '';

  private constructor(
    readonly child: ChildProcess,
    readonly address: string,
    private readonly enginePort: number,
  ) {
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (this.output += String(bytes)));
  }

  /** Running and ready. It leads a process group of its own, as a terminal's foreground job does. */
  static async start(environment: Record<string, string> = {}): Promise<GatewayProcess> {
    const [port, enginePort] = [await freePort('127.0.0.1', 0), await freePort('127.0.0.1', 0)];
    const child = spawn(process.execPath, [join(ROOT, 'dist', 'main.js')], {
      cwd: join(ROOT, 'test'), // an .env of the root has no part in it
      detached: true,
      env: { ...process.env, NODE_OPTIONS: '', PORT: String(port), ENGINE_PORT: String(enginePort), ...environment },
    });
    const gateway = new GatewayProcess(child, `http://127.0.0.1:${port}`, enginePort);
    try {
      await gateway.becomes(200);
    } catch (failure) {
      child.kill('SIGKILL');
      throw failure;
    }
    return gateway;
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the gateway was not started');
    return this.child.pid;
  }

  get client(): OpenAI {
    return new OpenAI({ baseURL: `${this.address}/v1`, apiKey: 'none', maxRetries: 0 });
  }

  /** The first answer of ready with this status. */
  async becomes(status: number): Promise<string> {
    return until(`ready is ${status}`, async () => {
      if (this.child.exitCode !== null) throw new Error(`the gateway has left:\n${this.output}`);
      const live = await fetch(`${this.address}/health/live`).catch(() => null);
      if (live?.status === 503) throw new Error(`no worker will come back: ${await live.text()}`);
      const answer = await fetch(`${this.address}/health/ready`).catch(() => null);
      const body = await answer?.text();
      return answer?.status === status ? (body ?? '') : null;
    });
  }

  /** What the engine itself counts. */
  async engine(): Promise<EngineCounts> {
    const answer = await fetch(`http://127.0.0.1:${this.enginePort}/health`);
    return (await answer.json()) as EngineCounts;
  }

  async engineOnce(what: (counts: EngineCounts) => boolean): Promise<EngineCounts> {
    return until(`the engine is as ${what.toString()}`, async () => {
      const counts = await this.engine();
      return what(counts) ? counts : null;
    });
  }

  /** The exit code, null where a signal ended it. */
  async exit(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await once(this.child, 'exit', { signal: AbortSignal.timeout(DEADLINE_MS) });
    }
    return this.child.exitCode;
  }

  /** Ends it however it is; for the end of a test. */
  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    await this.exit();
  }
}

/** Whether a process still runs: a zombie that its new parent has not reaped yet does not. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc') || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** The first result that is not null; fails after the deadline, naming what was awaited. */
export async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const end = performance.now() + DEADLINE_MS;
  while (performance.now() < end) {
    const seen = await look();
    if (seen !== null) return seen;
    await sleep(20);
  }
  throw new Error(`not within ${DEADLINE_MS / 1000} s: ${what}`);
}
