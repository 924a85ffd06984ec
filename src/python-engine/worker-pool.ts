import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import {
  BehaviorSubject,
  combineLatest,
  defer,
  EMPTY,
  filter,
  firstValueFrom,
  lastValueFrom,
  type Observable,
  scan,
  shareReplay,
  Subject,
  Subscription,
  switchMap,
} from 'rxjs';
import { Settings } from '../config/settings.js';
import { ModelManager, type ModelProgress } from '../model-manager/model-manager.service.js';
import { shuttingDown } from '../openai/error-catalogue.js';
import { askInTurn } from './ask-in-turn.js';
import { ableOf, chooseWorker, refusesTokens } from './choose-worker.js';
import { engineLog } from './engine-log.js';
import { MemoryRelief } from './memory-relief.js';
import { ExternalWorkers } from './external-workers.js';
import { prefixOf } from './placement.js';
import type { PoolMember } from './pool-member.js';
import { poolRefusal } from './pool-refusal.js';
import { poolStatus, type PoolStatus } from './pool-status.js';
import { SupervisedWorker } from './supervised-worker.js';
import { SUPERVISION, type Supervision } from './supervision.js';
import { tellStates } from './tell-states.js';
import type {
  GenerateEvent,
  GenerateRequest,
  Prompt,
  TokenizablePrompt,
  TokenizedPrompt,
  TokenizeOptions,
} from './worker.js';
import { workerPlan, type ModelOnDisk } from './worker-plan.js';
import { workerCount } from './worker-share.js';
import type { WorkerStatus } from './worker-status.js';

/** Where a generation goes, beside what it asks for. */
export interface Placing {
  /** Lives of workers that are taken only where there is no other. */
  avoid?: ReadonlySet<string>;
  /** Called with the one that gets it, as it is then. */
  onChosen?: (worker: WorkerStatus) => void;
}

export interface Replaced {
  worker: string;
  reason: 'reload' | 'memory';
}

/** The workers of this gateway, and the choice between them. */
@Injectable()
export class WorkerPool implements OnApplicationShutdown {
  readonly status$: Observable<PoolStatus>;
  private readonly list: BehaviorSubject<readonly SupervisedWorker[]>;
  private readonly externals: ExternalWorkers;
  private readonly subscriptions = new Subscription();
  private readonly relief = new MemoryRelief();
  private readonly replaced = new Subject<Replaced>();
  /** Each worker that has taken another's place. */
  readonly replaced$ = this.replaced.asObservable();
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
    @Inject(SUPERVISION) private readonly supervision: (settings: Settings) => Supervision,
  ) {
    const model = (): ModelOnDisk => this.model!;
    this.list = new BehaviorSubject<readonly SupervisedWorker[]>(
      Array.from({ length: workerCount(settings) }, (_, index) => this.worker(index, settings, model)),
    );
    this.externals = new ExternalWorkers(settings, supervision, (worker) => this.subscriptions.add(tellStates(worker)));
    this.latest = poolStatus(
      this.members.map(({ status }) => status),
      false,
    );
    this.status$ = combineLatest([this.list, this.externals.list]).pipe(
      switchMap(() => (this.members.length === 0 ? EMPTY : combineLatest(this.members.map(({ status$ }) => status$)))),
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
    this.externals.start();
    if (this.workers.length === 0) return;
    this.subscriptions.add(this.models.resolve().subscribe((progress) => this.take(progress)));
  }

  generate(request: GenerateRequest, { avoid, onChosen }: Placing = {}): Observable<GenerateEvent> {
    return defer(() => {
      const { prompt, cacheSalt, model } = request;
      const wanted = { prefix: () => prefixOf(prompt, cacheSalt), model, ...(avoid && { avoid }) };
      const refuses = (worker: PoolMember) => worker.refuses(request);
      const worker = chooseWorker(this.members, { ...wanted, refuses }, () => this.refusal());
      onChosen?.(worker.status);
      return worker.generate(request);
    });
  }

  /** Those that are ready and could take it, as they are now. */
  ableFor(request: GenerateRequest): readonly WorkerStatus[] {
    return ableOf(this.members, { model: request.model, refuses: (worker) => worker.refuses(request) }).map(
      ({ status }) => status,
    );
  }

  /** `model`: the own id that it has to have; absent: any. */
  async tokenize(prompt: TokenizablePrompt, model?: string, options?: TokenizeOptions): Promise<TokenizedPrompt> {
    return this.ofTokens(prompt, model, (worker) => worker.tokenize(prompt, options));
  }

  async detokenize(tokenIds: readonly number[], model?: string): Promise<string> {
    return this.ofTokens({ tokenIds: [...tokenIds] }, model, (worker) => worker.detokenize(tokenIds));
  }

  /**
   * Puts new workers, with new settings and the model as `models` finds it now, in the place of the old, one by one: each old
   * one stays until its successor is ready, and then until what it generates is through, for DRAIN_TIMEOUT_SECONDS at most.
   * Where a new one fails, those not yet replaced stay, and the rejection says how many that are. Calls wait for one another.
   */
  replace(settings: Settings, models: ModelManager): Promise<void> {
    return this.inTurn(() => this.succeed(settings, models));
  }

  /** SIGTERM to every child, SIGKILL after a deadline; resolves when none is left. */
  stop(): Promise<void> {
    const supervised = [...this.living].map((worker) => worker.stop());
    this.stopped ??= Promise.all([...supervised, this.externals.stop()]).then(() => {
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

  private get members(): readonly PoolMember[] {
    return [...this.list.value, ...this.externals.list.value];
  }

  private get workers(): readonly SupervisedWorker[] {
    return this.list.value;
  }

  private worker(index: number, settings: Settings, model: () => ModelOnDisk): SupervisedWorker {
    const supervision = this.supervision(settings);
    const log = engineLog(`worker-${index}`);
    const worker = new SupervisedWorker(workerPlan({ index, settings, supervision, model, log }));
    this.living.add(worker);
    this.subscriptions.add(tellStates(worker));
    this.subscriptions.add(this.relief.watch(worker, () => this.renew(worker, settings, model)).subscribe());
    return worker;
  }

  private async succeed(settings: Settings, models: ModelManager): Promise<void> {
    const count = workerCount(settings);
    // They come before any of ours goes, and go after the last of ours has come: the one may take the place of the other.
    const engines = await this.externals.replace(settings, count === 0);
    try {
      await this.succeedOurs(settings, models, count);
    } catch (failure) {
      engines.undo();
      throw failure;
    }
    engines.end();
  }

  private async succeedOurs(settings: Settings, models: ModelManager, count: number): Promise<void> {
    const old = this.workers;
    const model = count === 0 ? null : await resolved(models);
    for (let index = 0; index < Math.max(count, old.length) && this.stopped === null; index++) {
      const before = old[index];
      if (index < count) {
        const worker = this.worker(index, settings, () => model!);
        await this.install(index, worker).catch((failure: unknown) => {
          throw new Error(`${index} of ${count} workers are replaced: ${String(failure)}`);
        });
      } else this.list.next(this.workers.filter((worker) => worker !== before));
      if (before === undefined) continue;
      this.replaced.next({ worker: before.name, reason: 'reload' });
      void this.retire(before, settings.drainTimeoutSeconds * 1000);
    }
  }

  /** Puts another of the same kind in the place of this one. */
  private renew(before: SupervisedWorker, settings: Settings, model: () => ModelOnDisk): Promise<void> {
    return this.inTurn(async () => {
      const index = this.workers.indexOf(before);
      // It has been replaced meanwhile, or there is no need any more.
      if (index < 0 || this.stopped !== null) return;
      await this.install(index, this.worker(index, settings, model));
      this.replaced.next({ worker: before.name, reason: 'memory' });
      void this.retire(before, settings.drainTimeoutSeconds * 1000);
    });
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.replacing.catch(() => {}).then(work);
    this.replacing = turn;
    return turn;
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

  private ofTokens<T>(prompt: Prompt, model: string | undefined, ask: (worker: PoolMember) => Promise<T>): Promise<T> {
    const wanted = { prefix: () => prefixOf(prompt), model, refuses: refusesTokens };
    return askInTurn((avoid) => chooseWorker(this.members, { ...wanted, avoid }, () => this.refusal()), ask);
  }

  private refusal(): Error {
    return this.stopped === null ? poolRefusal(this.status) : shuttingDown();
  }
}

async function resolved(models: ModelManager): Promise<ModelOnDisk> {
  const { state, directory, modelId, reason } = await lastValueFrom(models.resolve());
  if (state !== 'ready' || directory === null) throw new Error(`the model can not be had: ${reason}`);
  return { directory, modelId };
}
