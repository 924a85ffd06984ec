// The built gateway as users start it, with the fake engine or with the real one and the embedded model.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../../scripts/root.mjs';
import { FakeEngine } from '../fake-engine/fake-engine.ts';
import { OUT } from './environments.mjs';
import { freePort } from '../../scripts/free-port.mjs';

const START_MS = 120_000;

/** Starts what the suites ask for, once for each set of settings, and stops all of it at the end. */
export class Servers {
  #servers = new Map();
  #fakes = [];

  /** The address of a gateway and, for the fake engine, of the engine's own controls. */
  async of({ engine, settings = {} }) {
    const key = JSON.stringify([engine, settings]);
    if (!this.#servers.has(key)) this.#servers.set(key, await this.#start(engine, settings));
    return this.#servers.get(key);
  }

  async #start(engine, settings) {
    const [port, enginePort] = [await freePort(), await freePort()];
    const fake = engine === 'fake' ? new FakeEngine() : null;
    if (fake !== null) this.#fakes.push(fake);
    const own = fake === null ? { MODEL: 'embedded' } : { INFERENCE_SERVER_PATH: fake.path, MODEL: fake.model };
    // Nothing of the user's own settings, nor of an .env in the root: the table must not depend on them.
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, OMP_WAIT_POLICY: 'PASSIVE', LOG_FORMAT: 'json' };
    mkdirSync(join(OUT, 'logs'), { recursive: true });
    const child = spawn(process.execPath, [join(root, 'dist', 'main.js')], {
      cwd: OUT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, ...own, PORT: String(port), ENGINE_PORT: String(enginePort), ...settings },
    });
    const log = createWriteStream(join(OUT, 'logs', `gateway-${engine}-${this.#servers.size}.log`));
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    const server = { child, url: `http://127.0.0.1:${port}`, control: `http://127.0.0.1:${enginePort}` };
    await ready(server, log.path);
    return server;
  }

  async stop() {
    const all = [...this.#servers.values()].map(async ({ child }) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    });
    await Promise.all(all);
    for (const fake of this.#fakes) fake.remove();
  }
}

async function ready({ child, url }, log) {
  const end = performance.now() + START_MS;
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`the gateway left with ${child.exitCode}; see ${log}`);
    const answer = await fetch(`${url}/health/ready`).catch(() => null);
    if (answer?.status === 200) return;
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error(`the gateway was not ready within ${START_MS / 1000} s; see ${log}`);
}
