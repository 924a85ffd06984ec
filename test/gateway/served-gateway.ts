import type { AddressInfo } from 'node:net';
import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import OpenAI from 'openai';
import { filter, firstValueFrom, timeout } from 'rxjs';
import { AdmissionQueue } from '../../src/admission/admission.queue.js';
import type { AdmissionStatus } from '../../src/admission/admission-status.js';
import { readSettings } from '../../src/config/read-settings.js';
import { createGateway } from '../../src/gateway.js';
import type { PoolStatus } from '../../src/python-engine/pool-status.js';
import { freePort } from '../../src/python-engine/process/free-port.js';
import { WorkerPool } from '../../src/python-engine/worker-pool.js';
import { drainAndClose } from '../../src/shutdown.js';
import { countsOf, FakeEngine, type FakeCounts, type FakeEngineScript, rescript } from '../fake-engine/fake-engine.js';

/** Ten times and more what anything here takes; only a failure waits for so long. */
const DEADLINE_MS = 20_000;

export const CHAT = { model: 'nanochat', messages: [{ role: 'user' as const, content: 'Hello' }] };

/** The whole gateway on a real socket, with a fake engine as its child. */
export class ServedGateway {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly engine: FakeEngine,
    readonly address: string,
  ) {}

  /** Listening and ready; with `ready: false` only listening, its engine not even started. */
  static async start(
    script: FakeEngineScript = {},
    environment: Record<string, string> = {},
    { ready = true, logger = false }: { ready?: boolean; logger?: LoggerService | false } = {},
  ): Promise<ServedGateway> {
    const engine = new FakeEngine(script);
    const settings = readSettings({
      INFERENCE_SERVER_PATH: engine.path,
      MODEL: engine.model,
      ENGINE_PORT: String(await freePort('127.0.0.1', 0)),
      PATH: process.env['PATH'],
      RESUME_TRIES: '0', // what is told of a fault is what most tests are about
      ...environment,
    });
    const app = await createGateway(settings, logger);
    await app.listen(0, settings.host);
    const { port } = app.getHttpServer().address() as AddressInfo;
    const gateway = new ServedGateway(app, engine, `http://127.0.0.1:${port}`);
    if (ready) {
      gateway.pool.start();
      await gateway.until((status) => status.ready);
    }
    return gateway;
  }

  get pool(): WorkerPool {
    return this.app.get(WorkerPool);
  }

  get port(): number {
    return Number(new URL(this.address).port);
  }

  client(options: { maxRetries?: number } = {}): OpenAI {
    return new OpenAI({ baseURL: `${this.address}/v1`, apiKey: 'none', maxRetries: 0, ...options });
  }

  post(body: unknown, init: RequestInit & { path?: string } = {}): Promise<Response> {
    const { path = '/v1/chat/completions', headers, ...rest } = init;
    return fetch(`${this.address}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...rest,
    });
  }

  /** The pool's status, as soon as it is `what`. */
  async until(what: (status: PoolStatus) => boolean): Promise<PoolStatus> {
    return firstValueFrom(this.pool.status$.pipe(filter(what), timeout(DEADLINE_MS)));
  }

  /** The queue's status, as soon as it is `what`. */
  async queued(what: (status: AdmissionStatus) => boolean): Promise<AdmissionStatus> {
    return firstValueFrom(this.app.get(AdmissionQueue).status$.pipe(filter(what), timeout(DEADLINE_MS)));
  }

  get enginePort(): number {
    const { port } = this.engine.starts.at(-1) ?? {};
    if (port === undefined) throw new Error('no engine has been started');
    return port;
  }

  /** Asks the engine until it has seen what it should; jest's own limit ends a wait in vain. */
  async seen(what: (counts: FakeCounts) => boolean): Promise<FakeCounts> {
    for (;;) {
      const counts = await countsOf(this.enginePort);
      if (what(counts)) return counts;
    }
  }

  rescript(script: Record<string, unknown>): Promise<void> {
    return rescript(this.enginePort, script);
  }

  async close(): Promise<void> {
    await this.pool.stop();
    await this.app.close();
    this.engine.remove();
  }

  drain(): Promise<void> {
    return drainAndClose(this.app);
  }
}
