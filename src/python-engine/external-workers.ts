import { BehaviorSubject, filter, firstValueFrom } from 'rxjs';
import type { Settings } from '../config/settings.js';
import { type ExternalPlan, ExternalWorker } from './external-worker.js';
import { engineAddress } from './external/engine-address.js';
import type { Supervision } from './supervision.js';

/** A change of engines under way. */
export interface Replacement {
  /** Those that are named no more go. */
  end: () => void;
  /** Those that came go. */
  undo: () => void;
}

/** The engines of `ENGINE_URLS`, which run elsewhere. */
export class ExternalWorkers {
  readonly list: BehaviorSubject<readonly ExternalWorker[]>;
  /** Those of the list, and those that go. */
  private readonly living = new Set<ExternalWorker>();

  constructor(
    settings: Settings,
    private readonly supervision: (settings: Settings) => Supervision,
    /** Called with each that is made. */
    private readonly onMade: (worker: ExternalWorker) => void,
  ) {
    this.list = new BehaviorSubject<readonly ExternalWorker[]>([]);
    this.list.next(this.plans(settings).map((plan) => this.worker(plan)));
  }

  start(): void {
    for (const worker of this.list.value) worker.start();
  }

  /**
   * Takes new settings: engines that are asked in the same way as before stay, others come. Those that are named no more stay
   * until it is ended, and then until what they generate is through. `needed`: rejects, and leaves all as it was, where none of
   * the engines can serve.
   */
  async replace(settings: Settings, needed: boolean): Promise<Replacement> {
    const before = this.list.value;
    const kept = this.plans(settings).map((plan) => before.find((worker) => samePlan(worker.plan, plan)) ?? plan);
    const after = kept.map((one) => (one instanceof ExternalWorker ? one : this.worker(this.named(one))));
    for (const worker of after) worker.start();
    const come = after.filter((worker) => !before.includes(worker));
    const states = await Promise.all(after.map(known));
    if (needed && !states.includes('ready')) {
      const reasons = after.map(({ name, status: { reason } }) => `${name}: ${reason}`).join('; ');
      await Promise.all(come.map((worker) => this.retire(worker, 0)));
      throw new Error(`none of the external engines is ready: ${reasons}`);
    }
    const gone = before.filter((worker) => !after.includes(worker));
    this.list.next([...after, ...gone]);
    const leave = (list: readonly ExternalWorker[], leaving: readonly ExternalWorker[]): void => {
      this.list.next(list);
      for (const worker of leaving) void this.retire(worker, settings.drainTimeoutSeconds * 1000);
    };
    return { end: () => leave(after, gone), undo: () => leave(before, come) };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.living].map((worker) => worker.stop()));
  }

  private plans(settings: Settings): ExternalPlan[] {
    const { engineUrls, engineApiKey, engineModel, engineMaxRequests, logContent } = settings;
    const supervision = this.supervision(settings);
    const urls = [...new Set(engineUrls.map((url) => engineAddress(url).url))];
    return urls.map((url, index) => ({
      ...{ name: `engine-${index}`, url, apiKey: engineApiKey, model: engineModel, maxRequests: engineMaxRequests },
      logContent,
      supervision,
    }));
  }

  /** A newcomer gets no name that another still has. */
  private named(plan: ExternalPlan): ExternalPlan {
    const taken = new Set([...this.living].map(({ name }) => name));
    let index = 0;
    while (taken.has(`engine-${index}`)) index++;
    return { ...plan, name: `engine-${index}` };
  }

  private worker(plan: ExternalPlan): ExternalWorker {
    const worker = new ExternalWorker(plan);
    this.living.add(worker);
    this.onMade(worker);
    return worker;
  }

  private async retire(worker: ExternalWorker, timeoutMs: number): Promise<void> {
    await worker.retire(timeoutMs);
    this.living.delete(worker);
  }
}

const samePlan = (a: ExternalPlan, b: ExternalPlan): boolean =>
  a.url === b.url &&
  a.apiKey === b.apiKey &&
  a.model === b.model &&
  a.maxRequests === b.maxRequests &&
  sameDeadlines(a, b);

const sameDeadlines = ({ supervision: a }: ExternalPlan, { supervision: b }: ExternalPlan): boolean =>
  a.firstTokenMs === b.firstTokenMs && a.tokenMs === b.tokenMs;

/** Its state, as soon as it has answered or failed to often enough. */
const known = async (worker: ExternalWorker): Promise<string> =>
  (await firstValueFrom(worker.status$.pipe(filter(({ state }) => state !== 'connecting')))).state;
