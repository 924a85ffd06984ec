import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import {
  BehaviorSubject,
  combineLatest,
  defer,
  distinctUntilChanged,
  filter,
  firstValueFrom,
  lastValueFrom,
  map,
  type Observable,
  scan,
  shareReplay,
  Subscription,
  switchMap,
} from 'rxjs';
import { Settings } from '../config/settings.js';
import { ModelManager, type ModelProgress } from '../model-manager/model-manager.service.js';
import { shuttingDown } from '../openai/error-catalogue.js';
import { engineLog } from './engine-log.js';
import { place, prefixOf } from './placement.js';
import { poolRefusal } from './pool-refusal.js';
import { poolStatus, type PoolStatus } from './pool-status.js';
import { SupervisedWorker } from './supervised-worker.js';
import { SUPERVISION, type Supervision } from './supervision.js';
import type { GenerateEvent, GenerateRequest, TokenizablePrompt, TokenizedPrompt } from './worker.js';
import { workerPlan, type ModelOnDisk } from './worker-plan.js';
import { workerCount } from './worker-share.js';

/** The workers of this gateway, and the choice between them. */
@Injectable()
export class WorkerPool implements OnApplicationShutdown {
  readonly status$: Observable<PoolStatus>;
  private readonly logger = new Logger(WorkerPool.name);
  private readonly list: BehaviorSubject<readonly SupervisedWorker[]>;
  private readonly subscriptions = new Subscription();
  /** Those of the list, and those that come or go. */
  private readonly living = new Set<SupervisedWorker>();
  private latest: PoolStatus;
  private model: ModelOnDisk | null = null;
  private replacing: Promise<void> = Promise.resolve();
  private started = false;
  private stopped: Promise<void> | null = null;

  constructor(
    settings: Settings,
    private readonly models: ModelManager,
    @Inject(SUPERVISION) private readonly supervision: Supervision,
  ) {
    const model = (): ModelOnDisk => this.model!;
    this.list = new BehaviorSubject<readonly SupervisedWorker[]>(
      Array.from({ length: workerCount(settings) }, (_, index) => this.worker(index, settings, model)),
    );
    this.latest = poolStatus(
      this.workers.map(({ status }) => status),
      false,
    );
    this.status$ = this.list.pipe(
      switchMap((workers) => combineLatest(workers.map(({ status$ }) => status$))),
      scan((before, workers) => poolStatus(workers, before.everReady), this.latest),
      shareReplay({ bufferSize: 1, refCount: false }),
    );
    this.subscriptions.add(this.status$.subscribe((status) => (this.latest = status)));
  }

  get status(): PoolStatus {
    return this.latest;
  }

  /** Resolves the model, then starts the workers. Returns at once; what comes of it is in the status. */
  start(): void {
    if (this.started || this.stopped !== null) return;
    this.started = true;
    this.subscriptions.add(this.models.resolve().subscribe((progress) => this.take(progress)));
  }

  generate(request: GenerateRequest): Observable<GenerateEvent> {
    return defer(() => this.chosen(prefixOf(request.prompt)).generate(request));
  }

  async tokenize(prompt: TokenizablePrompt): Promise<TokenizedPrompt> {
    return this.chosen(prefixOf(prompt)).tokenize(prompt);
  }

  async detokenize(tokenIds: readonly number[]): Promise<string> {
    return this.chosen(prefixOf({ tokenIds: [...tokenIds] })).detokenize(tokenIds);
  }

  /**
   * Puts new workers, with new settings and the model as `models` finds it now, in the place of the old, one by one: each old
   * one stays until its successor is ready, and then until what it generates is through, for DRAIN_TIMEOUT_SECONDS at most.
   * Where a new one fails, those not yet replaced stay, and the rejection says how many that are. Calls wait for one another.
   */
  replace(settings: Settings, models: ModelManager): Promise<void> {
    const turn = this.replacing.catch(() => {}).then(() => this.succeed(settings, models));
    this.replacing = turn;
    return turn;
  }

  /** SIGTERM to every child, SIGKILL after a deadline; resolves when none is left. */
  stop(): Promise<void> {
    this.stopped ??= Promise.all([...this.living].map((worker) => worker.stop())).then(() => {
      this.subscriptions.unsubscribe();
    });
    return this.stopped;
  }

  /** SIGKILL to every child, now. */
  kill(): void {
    for (const worker of this.living) worker.kill();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  private take(progress: ModelProgress): void {
    const { state, directory, modelId, reason, bytesDone, bytesTotal } = progress;
    if (state === 'ready' && directory !== null) {
      this.model = { directory, modelId };
      for (const worker of this.workers) worker.start();
      return;
    }
    for (const worker of this.workers) {
      if (state === 'failed') worker.announce({ state: 'failed', reason });
      else worker.announce({ phase: state, progress: bytesTotal ? bytesDone / bytesTotal : null });
    }
  }

  private get workers(): readonly SupervisedWorker[] {
    return this.list.value;
  }

  private worker(index: number, settings: Settings, model: () => ModelOnDisk): SupervisedWorker {
    const { supervision } = this;
    const log = engineLog(`worker-${index}`);
    const worker = new SupervisedWorker(workerPlan({ index, settings, supervision, model, log }));
    this.living.add(worker);
    this.subscriptions.add(this.tell(worker));
    return worker;
  }

  private async succeed(settings: Settings, models: ModelManager): Promise<void> {
    const { state, directory, modelId, reason } = await lastValueFrom(models.resolve());
    if (state !== 'ready' || directory === null) throw new Error(`the model can not be had: ${reason}`);
    const model: ModelOnDisk = { directory, modelId };
    const count = workerCount(settings);
    const old = this.workers;
    for (let index = 0; index < Math.max(count, old.length) && this.stopped === null; index++) {
      const before = old[index];
      if (index < count) {
        const worker = this.worker(index, settings, () => model);
        await this.install(index, worker).catch((failure: unknown) => {
          throw new Error(`${index} of ${count} workers are replaced: ${String(failure)}`);
        });
      } else this.list.next(this.workers.filter((worker) => worker !== before));
      if (before !== undefined) void this.retire(before, settings.drainTimeoutSeconds * 1000);
    }
  }

  /** Resolves when the worker is ready and in its place; rejects when it never will be, and then it is gone. */
  private async install(index: number, worker: SupervisedWorker): Promise<void> {
    worker.start();
    const { state, reason } = await firstValueFrom(
      worker.status$.pipe(filter((status) => ['ready', 'failed', 'stopped'].includes(status.state))),
    );
    if (state !== 'ready') {
      await this.retire(worker, 0);
      throw new Error(`the new ${worker.name} is ${state}: ${reason}`);
    }
    this.list.next([...this.workers.slice(0, index), worker, ...this.workers.slice(index + 1)]);
  }

  private async retire(worker: SupervisedWorker, timeoutMs: number): Promise<void> {
    await worker.retire(timeoutMs);
    this.living.delete(worker);
  }

  /** Throws 503 where none is ready. */
  private chosen(prefix: string): SupervisedWorker {
    const worker = this.choose(prefix);
    if (worker === undefined) throw this.refusal();
    return worker;
  }

  /** By the prompt's prefix, whose blocks it has; one whose loop is late only when there is no other. */
  private choose(prefix: string): SupervisedWorker | undefined {
    const ready = this.workers.filter(({ status }) => status.state === 'ready');
    const beating = ready.filter(({ status }) => status.beating);
    return place(beating.length > 0 ? beating : ready, prefix);
  }

  private refusal(): Error {
    return this.stopped === null ? poolRefusal(this.status) : shuttingDown();
  }

  private tell(worker: SupervisedWorker): Subscription {
    return worker.status$
      .pipe(
        map(({ state, reason, pid }) => ({ state, reason, pid })),
        distinctUntilChanged((a, b) => a.state === b.state),
      )
      .subscribe(({ state, reason, pid }) => {
        const message = `${worker.name} is ${state}${pid === null ? '' : ` (pid ${pid})`}${reason === null ? '' : `: ${reason}`}`;
        if (state === 'failed') this.logger.error(message);
        else if (state === 'crashed' || state === 'hung' || state === 'killed') this.logger.warn(message);
        else this.logger.log(message);
      });
  }
}
