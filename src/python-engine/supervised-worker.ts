import { setTimeout as sleep } from 'node:timers/promises';
import { BehaviorSubject, defer, type Observable } from 'rxjs';
import { engineUnavailable } from '../openai/error-catalogue.js';
import type { EngineClient } from './client/engine-client.js';
import type { Death, EngineLife, LifeReport } from './engine-life.js';
import { EngineCommandError } from './process/engine-command.js';
import { freePort } from './process/free-port.js';
import { RestartPolicy } from './restart-policy.js';
import { InFlight } from './in-flight.js';
import type { PoolMember } from './pool-member.js';
import type { GenerateEvent, GenerateRequest, TokenizablePrompt, TokenizedPrompt, TokenizeOptions } from './worker.js';
import type { WorkerPlan } from './worker-plan.js';
import { isAlive, nextState } from './worker-state.js';
import { initialStatus, type WorkerStatus } from './worker-status.js';

const RETRY_SECONDS = 1;
/** For SIGKILL to end a child; one that the system can't end is not waited for. */
const UNKILLABLE_MS = 5_000;
/** Lives in a row that may lose their port before it counts as a crash. */
const PORT_MOVES = 20;

/** Keeps one engine alive: life after life, never two at once, until it is stopped or not worth another try. */
export class SupervisedWorker implements PoolMember {
  readonly name: string;
  readonly tokenizes = true;
  private readonly current: BehaviorSubject<WorkerStatus>;
  private readonly policy: RestartPolicy;
  private readonly stopping = new AbortController();
  private readonly running = new InFlight();
  private supervised: Promise<void> | null = null;
  private life: EngineLife | null = null;
  private client: EngineClient | null = null;
  private firstPort: number;
  private portMoves = 0;

  constructor(private readonly plan: WorkerPlan) {
    this.name = plan.name;
    this.firstPort = plan.port;
    this.policy = new RestartPolicy(plan.supervision.restarts);
    this.current = new BehaviorSubject(initialStatus(plan.name));
  }

  get status$(): Observable<WorkerStatus> {
    return this.current;
  }

  get status(): WorkerStatus {
    return this.current.value;
  }

  get memoryLimitBytes(): number | null {
    return this.plan.supervision.memoryLimitBytes;
  }

  get capacity(): number {
    return this.status.engine?.maxRunning ?? 1;
  }

  /** Requests sent and not yet over. */
  get inFlight(): number {
    return this.running.count;
  }

  generate(request: GenerateRequest): Observable<GenerateEvent> {
    return defer(() => {
      const client = this.readyClient();
      return this.running.stream(client.generate(request));
    });
  }

  refuses(): null {
    return null;
  }

  async tokenize(prompt: TokenizablePrompt, options?: TokenizeOptions): Promise<TokenizedPrompt> {
    return this.running.whole(this.readyClient().tokenize(prompt, options));
  }

  async detokenize(tokenIds: readonly number[]): Promise<string> {
    return this.running.whole(this.readyClient().detokenize(tokenIds));
  }

  /** What the model's files say before there is a child. */
  announce(report: LifeReport): void {
    if (this.supervised === null) this.report(report);
  }

  start(): void {
    if (!this.stopping.signal.aborted) this.supervised ??= this.supervise();
  }

  /** Lets what it generates finish, for so long at most, then stops it. Nobody may send it anything more. */
  async retire(timeoutMs: number): Promise<void> {
    await this.running.idle(timeoutMs);
    await this.stop();
  }

  async stop(): Promise<void> {
    if (!this.stopping.signal.aborted) {
      if (isAlive(this.status.state)) this.report({ state: 'draining', beating: false });
      this.stopping.abort();
      this.life?.stop();
    }
    const { stopMs } = this.plan.supervision;
    await Promise.race([this.supervised, sleep(stopMs + UNKILLABLE_MS, undefined, { ref: false })]);
    this.report({ state: 'stopped', pid: null, engine: null, beating: false, memoryVerdict: null });
    this.current.complete();
  }

  kill(): void {
    this.stopping.abort();
    this.life?.kill();
  }

  /** Throws 503 unless there is a child that is ready. */
  private readyClient(): EngineClient {
    const { state } = this.status;
    if (this.client === null || state !== 'ready') throw engineUnavailable(`${this.name} is ${state}.`, RETRY_SECONDS);
    return this.client;
  }

  private async supervise(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const death = await this.live();
      if (this.stopping.signal.aborted) return;
      const delayMs = this.decide(death);
      if (delayMs === null) return;
      if (delayMs > 0) {
        this.report({ state: 'backoff' });
        await sleep(delayMs, undefined, { signal: this.stopping.signal }).catch(() => {});
      }
    }
  }

  /** From finding a port to the death of the child. */
  private async live(): Promise<Death> {
    this.report({ state: 'starting', phase: 'spawn', progress: null, engine: null });
    try {
      const port = await freePort(this.plan.host, this.firstPort);
      if (this.stopping.signal.aborted) return deathBeforeBirth('stopped', 'crash');
      const { life, client, pid } = this.plan.launch(port);
      this.life = life;
      this.client = client;
      this.report({ pid });
      // While stopping, the state is ours: an exit that was asked for is no crash.
      life.reports$.subscribe((report) => this.stopping.signal.aborted || this.report(report));
      const death = await life.death;
      if (death.verdict === 'port-taken') this.firstPort = port + 1;
      return death;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return deathBeforeBirth(reason, error instanceof EngineCommandError ? 'hopeless' : 'crash');
    } finally {
      this.life = null;
      this.client = null;
    }
  }

  /** Milliseconds until the next life, null when there will be none. */
  private decide(death: Death): number | null {
    const { reason, tail } = death;
    this.report({ state: 'crashed', reason, pid: null, engine: null, beating: false });
    if (death.verdict === 'hopeless') return this.fail(reason);
    if (death.verdict === 'port-taken' && (this.portMoves += 1) <= PORT_MOVES) return 0;
    if (death.verdict !== 'port-taken') this.portMoves = 0;

    const decision = this.policy.afterDeath(death.readyForMs);
    if (decision.action === 'fail') {
      const lines = tail.length === 0 ? '' : `; the last lines of its log:\n${tail.join('\n')}`;
      return this.fail(`${reason}; given up after ${decision.earlyDeaths} deaths in a row${lines}`);
    }
    this.report({}, this.status.restarts + 1);
    return decision.delayMs;
  }

  private fail(reason: string): null {
    this.report({ state: 'failed', reason });
    return null;
  }

  private report(report: LifeReport, restarts = this.status.restarts): void {
    const state = nextState(this.status.state, report.state ?? this.status.state);
    this.current.next({ ...this.status, ...report, state, restarts });
  }
}

const deathBeforeBirth = (reason: string, verdict: Death['verdict']): Death => ({
  verdict,
  reason,
  readyForMs: null,
  tail: [],
});
