import { existsSync, readFileSync } from 'node:fs';
import { Logger, type LoggerService } from '@nestjs/common';
import { filter, firstValueFrom, timeout } from 'rxjs';
import { readSettings } from '../../src/config/read-settings.js';
import type { Settings } from '../../src/config/settings.js';
import { ModelManager } from '../../src/model-manager/model-manager.service.js';
import type { PoolStatus } from '../../src/python-engine/pool-status.js';
import { freePort } from '../../src/python-engine/process/free-port.js';
import { RESTART_LIMITS, type RestartLimits } from '../../src/python-engine/restart-policy.js';
import { supervisionOf, type Supervision } from '../../src/python-engine/supervision.js';
import { WorkerPool } from '../../src/python-engine/worker-pool.js';
import type { WorkerState } from '../../src/python-engine/worker-state.js';
import type { WorkerStatus } from '../../src/python-engine/worker-status.js';
import { countsOf, FakeEngine, type FakeCounts, type FakeEngineScript } from '../fake-engine/fake-engine.js';

/** Ten times and more what anything here takes; only a failure waits for so long. */
const DEADLINE_MS = 20_000;

/** The first early death is the last. */
export const NO_RESTARTS: RestartLimits = {
  maxEarlyDeaths: 0,
  earlyMs: 10_000,
  steadyMs: 60_000,
  backoffMs: 20,
  maxBackoffMs: 20,
};

export interface SupervisedOptions {
  /** More of the environment, by its names. */
  environment?: Record<string, string>;
  supervision?: Partial<Supervision>;
  /** Tests are silent unless they ask what was logged. */
  logger?: LoggerService;
}

/** A pool with one fake engine, and all states that it has been in. */
export class SupervisedFake {
  readonly history: WorkerState[] = [];

  private constructor(
    readonly engine: FakeEngine,
    readonly pool: WorkerPool,
    /** The port asked for first. */
    readonly port: number,
  ) {
    pool.status$.subscribe(({ workers }) => {
      const state = workers[0]!.state;
      if (this.history.at(-1) !== state) this.history.push(state);
    });
  }

  /** Started at once. */
  static async start(script: FakeEngineScript = {}, options: SupervisedOptions = {}): Promise<SupervisedFake> {
    const fake = await SupervisedFake.prepare(script, options);
    fake.pool.start();
    return fake;
  }

  static async prepare(script: FakeEngineScript = {}, options: SupervisedOptions = {}): Promise<SupervisedFake> {
    Logger.overrideLogger(options.logger ?? false);
    const engine = new FakeEngine(script);
    const port = Number(options.environment?.['ENGINE_PORT'] ?? (await freePort('127.0.0.1', 0)));
    const settings = readSettings({
      INFERENCE_SERVER_PATH: engine.path,
      MODEL: engine.model,
      ENGINE_PORT: String(port),
      PATH: process.env['PATH'],
      ...options.environment,
    });
    const supervision = (of: Settings): Supervision => ({
      ...supervisionOf(of),
      startPollMs: 10,
      readyPollMs: 20,
      restarts: { ...RESTART_LIMITS, backoffMs: 20 },
      ...options.supervision,
    });
    const pool = new WorkerPool(settings, new ModelManager(settings), supervision);
    return new SupervisedFake(engine, pool, port);
  }

  get worker(): WorkerStatus {
    return this.pool.status.workers[0]!;
  }

  async until(what: (worker: WorkerStatus, pool: PoolStatus) => boolean): Promise<WorkerStatus> {
    const found = this.pool.status$.pipe(
      filter((status) => what(status.workers[0]!, status)),
      timeout(DEADLINE_MS),
    );
    return (await firstValueFrom(found)).workers[0]!;
  }

  reached(state: WorkerState): Promise<WorkerStatus> {
    return this.until((worker) => worker.state === state);
  }

  /** Asks the fake engine until it has seen what it should; jest's own limit ends a wait in vain. */
  async seen(what: (counts: FakeCounts) => boolean): Promise<FakeCounts> {
    for (;;) {
      const counts = await countsOf(this.port);
      if (what(counts)) return counts;
    }
  }

  async close(): Promise<void> {
    await this.pool.stop();
    this.engine.remove();
  }
}

/** False once nobody has this process id, or a zombie has it whose parent has not asked for its exit. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    // A system without /proc, where the signal has reached it.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync('/proc/self');
  }
}
