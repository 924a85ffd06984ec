import { setTimeout as sleep } from 'node:timers/promises';
import { Subject, type Observable } from 'rxjs';
import type { EngineClient } from './client/engine-client.js';
import type { EngineHealth } from './client/engine-health.js';
import type { HealthAnswer, HealthProbe } from './client/health-probe.js';
import { HangDetector } from './hang-detector.js';
import { MemoryBudget } from './memory-budget.js';
import type { EngineProcess } from './process/engine-process.js';
import { exitReason, verdictOf, type Verdict } from './process/exit-verdict.js';
import type { LogRelay } from './process/log-relay.js';
import { processMemory } from './process/process-memory.js';
import type { Supervision } from './supervision.js';
import type { WorkerStatus } from './worker-status.js';

export interface Death {
  verdict: Verdict;
  reason: string;
  /** How long it had been ready; null when it never was. */
  readyForMs: number | null;
  /** The last lines of its log. */
  tail: readonly string[];
}

export type LifeReport = Partial<Omit<WorkerStatus, 'name' | 'restarts'>>;

export interface LifeParts {
  child: EngineProcess;
  relay: LogRelay;
  probe: HealthProbe;
  client: EngineClient;
}

/** Answers of a stranger in a row: the port is lost, and the child will never get it. */
const STRANGER_POLLS = 3;
/** For an engine that says it has failed to leave with its own exit code, which says whether to try again. */
const LEAVE_MS = 2_000;

/** One child from its start to its death: watched by its health, killed when it hangs or never becomes ready. */
export class EngineLife {
  /** Resolves when the child is dead, its log read, its group gone and its connections closed. */
  readonly death: Promise<Death>;
  private readonly reports = new Subject<LifeReport>();
  private readonly bornAt = performance.now();
  private readonly ended = new AbortController();
  private readonly budget: MemoryBudget;
  private memoryBytes: number | null = null;
  private detector: HangDetector | null = null;
  private readyAt: number | null = null;
  private killReason: string | null = null;
  private failedAt: number | null = null;
  private strangers = 0;
  private portLost = false;

  constructor(
    private readonly parts: LifeParts,
    private readonly supervision: Supervision,
  ) {
    this.budget = new MemoryBudget(supervision.memoryLimitBytes);
    this.death = this.end();
    void this.watch();
  }

  get reports$(): Observable<LifeReport> {
    return this.reports;
  }

  /** SIGTERM, then SIGKILL after the deadline. */
  stop(): void {
    void this.parts.child.stop(this.supervision.stopMs);
  }

  kill(): void {
    this.parts.child.signal('SIGKILL');
  }

  private async watch(): Promise<void> {
    const { signal } = this.ended;
    while (!signal.aborted) {
      const answer = await this.parts.probe.ask();
      const { pid } = this.parts.child;
      this.memoryBytes = pid === null ? null : await processMemory(pid);
      if (signal.aborted) return;
      this.take(answer);
      this.judge();
      if (this.killReason !== null) return;
      const pause = this.readyAt === null ? this.supervision.startPollMs : this.supervision.readyPollMs;
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }

  private take(answer: HealthAnswer): void {
    this.strangers = answer.kind === 'stranger' ? this.strangers + 1 : 0;
    if (answer.kind === 'health') this.hear(answer.health);
    else this.detector?.silent();
  }

  private hear(health: EngineHealth): void {
    const now = performance.now();
    const { phase, progress, reason } = health;
    const { memoryBytes } = this;
    if (health.state === 'failed') {
      this.failedAt ??= now;
      this.reports.next({ phase, progress, reason, engine: health, beating: false });
      return;
    }
    if (health.state === 'ready') {
      this.readyAt ??= now;
      this.detector ??= new HangDetector(this.supervision.hangSeconds, now);
    }
    this.detector?.answered(health, now);
    const beating = health.state === 'ready' && this.detector?.pulse(now) === 'beating';
    const memoryVerdict = health.state === 'ready' ? this.budget.judge(memoryBytes) : null;
    this.reports.next({
      ...{ state: health.state, phase, progress, reason, engine: health, beating },
      ...{ memoryBytes, memoryVerdict },
    });
  }

  private judge(): void {
    const now = performance.now();
    if (this.failedAt !== null && now - this.failedAt > LEAVE_MS)
      this.giveUp('the engine has failed and does not leave');
    else if (this.detector !== null) this.judgePulse(this.detector, now);
    else if (this.strangers >= STRANGER_POLLS) {
      this.portLost = true;
      this.giveUp("somebody else answers on the engine's port");
    } else if (now - this.bornAt > this.supervision.startTimeoutMs) {
      this.giveUp(`the engine was not ready within ${this.supervision.startTimeoutMs / 1000} s`);
    }
  }

  private judgePulse(detector: HangDetector, now: number): void {
    const pulse = detector.pulse(now);
    if (pulse === 'beating') return;
    const reason = detector.reason(now);
    this.reports.next({ beating: false, reason });
    if (pulse === 'late') return;
    this.reports.next({ state: 'hung', reason });
    this.giveUp(reason);
  }

  private giveUp(reason: string): void {
    this.killReason = reason;
    this.reports.next({ state: 'killed', reason, beating: false });
    this.kill();
  }

  private async end(): Promise<Death> {
    const { child, relay, probe, client } = this.parts;
    const exit = await child.exited;
    const readyForMs = this.readyAt === null ? null : performance.now() - this.readyAt;
    this.ended.abort();
    this.reports.next({
      state: 'crashed',
      reason: this.killReason ?? exitReason(exit, relay.fatal),
      beating: false,
      ...{ pid: null, engine: null, memoryBytes: null, memoryVerdict: null },
    });
    await child.gone;
    await Promise.all([probe.close(), client.destroy()]);
    this.reports.complete();
    // Its last lines have arrived only now.
    const reason = this.killReason ?? exitReason(exit, relay.fatal);
    const verdict = this.portLost ? 'port-taken' : verdictOf(exit);
    return { verdict, reason, readyForMs, tail: relay.tail };
  }
}
