import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import {
  combineLatest,
  defer,
  distinctUntilChanged,
  map,
  scan,
  shareReplay,
  Subscription,
  type Observable,
} from 'rxjs';
import { Settings } from '../config/settings.js';
import { ModelManager, type ModelProgress } from '../model-manager/model-manager.service.js';
import { shuttingDown } from '../openai/error-catalogue.js';
import { engineLog } from './engine-log.js';
import { poolRefusal } from './pool-refusal.js';
import { poolStatus, type PoolStatus } from './pool-status.js';
import { SupervisedWorker } from './supervised-worker.js';
import { SUPERVISION, type Supervision } from './supervision.js';
import type { GenerateEvent, GenerateRequest, TokenizablePrompt, TokenizedPrompt } from './worker.js';
import { workerPlan, type ModelOnDisk } from './worker-plan.js';

const WORKERS = 1;

/** The workers of this gateway, and the choice between them. */
@Injectable()
export class WorkerPool implements OnApplicationShutdown {
  readonly status$: Observable<PoolStatus>;
  private readonly logger = new Logger(WorkerPool.name);
  private readonly workers: readonly SupervisedWorker[];
  private readonly subscriptions = new Subscription();
  private latest: PoolStatus;
  private model: ModelOnDisk | null = null;
  private started = false;
  private stopped: Promise<void> | null = null;

  constructor(
    settings: Settings,
    private readonly models: ModelManager,
    @Inject(SUPERVISION) supervision: Supervision,
  ) {
    this.workers = Array.from({ length: WORKERS }, (_, index) => {
      const model = (): ModelOnDisk => this.model!;
      const log = engineLog(`worker-${index}`);
      return new SupervisedWorker(workerPlan({ index, settings, supervision, model, log }));
    });
    this.latest = poolStatus(
      this.workers.map(({ status }) => status),
      false,
    );
    this.status$ = combineLatest(this.workers.map(({ status$ }) => status$)).pipe(
      scan((before, workers) => poolStatus(workers, before.everReady), this.latest),
      shareReplay({ bufferSize: 1, refCount: false }),
    );
    this.subscriptions.add(this.status$.subscribe((status) => (this.latest = status)));
    for (const worker of this.workers) this.subscriptions.add(this.tell(worker));
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
    return defer(() => this.chosen().generate(request));
  }

  async tokenize(prompt: TokenizablePrompt): Promise<TokenizedPrompt> {
    return this.chosen().tokenize(prompt);
  }

  async detokenize(tokenIds: readonly number[]): Promise<string> {
    return this.chosen().detokenize(tokenIds);
  }

  /** SIGTERM to every child, SIGKILL after a deadline; resolves when none is left. */
  stop(): Promise<void> {
    this.stopped ??= Promise.all(this.workers.map((worker) => worker.stop())).then(() => {
      this.subscriptions.unsubscribe();
    });
    return this.stopped;
  }

  /** SIGKILL to every child, now. */
  kill(): void {
    for (const worker of this.workers) worker.kill();
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

  /** Throws 503 where none is ready. */
  private chosen(): SupervisedWorker {
    const worker = this.choose();
    if (worker === undefined) throw this.refusal();
    return worker;
  }

  /** The one with the fewest running; one whose loop is late only when there is no other. */
  private choose(): SupervisedWorker | undefined {
    const ready = this.workers.filter(({ status }) => status.state === 'ready');
    const beating = ready.filter(({ status }) => status.beating);
    return (beating.length > 0 ? beating : ready).toSorted((a, b) => a.inFlight - b.inFlight)[0];
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
