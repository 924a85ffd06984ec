import { Injectable } from '@nestjs/common';
import { BehaviorSubject, defer, filter, firstValueFrom, Observable, type Subscriber } from 'rxjs';
import { Settings } from '../config/settings.js';
import { engineUnavailable, queueFull, queueTimeout, shuttingDown } from '../openai/error-catalogue.js';
import type { OpenAIError } from '../openai/openai-error.js';
import type { AdmissionStatus } from './admission-status.js';
import { FairShares } from './fair-shares.js';
import { RetryAdvice } from './retry-advice.js';
import { type Bounds, WaitingLines } from './waiting-lines.js';

/** What a request takes, and whose it is. */
export interface Claim {
  /** Sequences that it takes in a worker. */
  weight: number;
  /** Prompt and answer, by an estimate. */
  tokens: number;
  /** The name of who asks: the queue is fair among callers. */
  caller: string;
}

const LEAST: Claim = { weight: 1, tokens: 0, caller: '' };

interface Entry extends Claim {
  start: () => void;
  fail: (error: OpenAIError) => void;
  timer?: NodeJS.Timeout;
  startedAt?: number;
}

/**
 * The one queue of the server: bounded in requests, tokens and time. The caller with least running goes next, callers with
 * the same take turns, and of one caller who came first goes first. It knows nothing of workers.
 */
@Injectable()
export class AdmissionQueue {
  private readonly state = new BehaviorSubject<AdmissionStatus>({
    capacity: 0,
    running: 0,
    waiting: 0,
    waitingTokens: 0,
    closed: false,
  });
  private readonly running = new Set<Entry>();
  private readonly shares = new FairShares();
  private readonly waiting = new WaitingLines<Entry>((caller) => this.shares.load(caller));
  private readonly advice = new RetryAdvice();
  private capacity = 0;
  private load = 0;
  private closed = false;

  /** Changes of the queue; replays the newest. */
  readonly status$ = this.state.asObservable();

  constructor(private readonly settings: Settings) {}

  get status(): AdmissionStatus {
    return this.state.value;
  }

  /** How many sequences may run at once; what runs already goes on when it falls. */
  setCapacity(capacity: number): void {
    this.capacity = capacity;
    this.advance();
  }

  /**
   * Subscribes to `work()` when it is the request's turn. Unsubscribing leaves the queue or frees the slot at once. A request wider than the capacity runs alone.
   * Errors: 429 when too many wait, when a caller with fewer waiting needs the place, or the wait is too long; 503 once the queue is closed.
   */
  run<T>(work: () => Observable<T>, claim: Partial<Claim> = {}): Observable<T> {
    return new Observable<T>((subscriber) => {
      const entry: Entry = {
        ...LEAST,
        ...claim,
        start: () => defer(work).subscribe(subscriber),
        fail: (error) => subscriber.error(error),
      };
      this.enter(entry, subscriber);
      return () => this.leave(entry);
    });
  }

  /** The refusal of a caller's next request, whatever that is; null where it depends, or where nothing could serve it. */
  refusalOf(caller: string): OpenAIError | null {
    const least = { ...LEAST, caller };
    if (this.closed || this.capacity === 0 || this.goesFirst(least)) return null;
    return this.waiting.displacedBy(least, this.bounds) === null ? this.full() : null;
  }

  /** Takes no new request; what was accepted still runs. */
  close(): void {
    this.closed = true;
    this.publish();
  }

  /** Resolves when nothing runs and nothing waits. */
  async idle(): Promise<void> {
    await firstValueFrom(this.state.pipe(filter((status) => status.running + status.waiting === 0)));
  }

  /** Ends whatever is still running or waiting. */
  terminate(error: OpenAIError): void {
    for (const entry of [...this.waiting.all.flat(), ...this.running]) entry.fail(error);
  }

  private enter(entry: Entry, subscriber: Subscriber<unknown>): void {
    this.shares.came(entry.caller);
    if (this.closed) {
      subscriber.error(shuttingDown());
    } else if (this.goesFirst(entry)) {
      this.begin(entry);
    } else if (!this.makeRoom(entry)) {
      subscriber.error(this.full());
    } else {
      const seconds = this.settings.queueTimeoutSeconds;
      entry.timer = setTimeout(() => subscriber.error(this.waitedFor(seconds)), seconds * 1000);
      this.waiting.add(entry);
      this.publish();
    }
  }

  private makeRoom(entry: Entry): boolean {
    const displaced = this.waiting.displacedBy(entry, this.bounds);
    displaced?.forEach((other) => other.fail(this.full()));
    return displaced !== null;
  }

  private get bounds(): Bounds {
    const { queueLimit: requests, queueTokenLimit: tokens } = this.settings;
    return { requests, tokens };
  }

  private full(): OpenAIError {
    return queueFull(this.settings.queueLimit, this.retryAfter());
  }

  /** At once, before those who only wait for an end of their own caller's. */
  private goesFirst(entry: Claim): boolean {
    const { first } = this.waiting;
    return this.fits(entry) && !this.waiting.has(entry.caller) && (first === undefined || this.hasRoom(first));
  }

  private fits(entry: Claim): boolean {
    return this.hasRoom(entry) && this.shares.allows(entry, this.capacity);
  }

  private hasRoom({ weight }: Claim): boolean {
    return this.capacity > 0 && (this.load === 0 || this.load + weight <= this.capacity);
  }

  private begin(entry: Entry): void {
    clearTimeout(entry.timer);
    this.load += entry.weight;
    this.shares.began(entry);
    entry.startedAt = performance.now();
    this.running.add(entry);
    this.publish();
    entry.start();
  }

  private leave(entry: Entry): void {
    clearTimeout(entry.timer);
    const waited = this.waiting.delete(entry);
    const ran = this.running.delete(entry);
    if (ran) {
      this.load -= entry.weight;
      this.shares.ended(entry);
      this.advice.ran(performance.now() - (entry.startedAt ?? 0));
    }
    if (waited || ran) this.advance();
  }

  private advance(): void {
    for (let next = this.waiting.first; next !== undefined && this.fits(next); next = this.waiting.first) {
      this.waiting.shift();
      this.begin(next);
    }
    this.publish();
  }

  private waitedFor(seconds: number): OpenAIError {
    return this.capacity === 0
      ? engineUnavailable(`No worker became ready within ${seconds} s.`)
      : queueTimeout(seconds, this.retryAfter());
  }

  private retryAfter(): number {
    return this.advice.seconds(this.waiting.size, this.capacity);
  }

  private publish(): void {
    const next = {
      capacity: this.capacity,
      running: this.running.size,
      waiting: this.waiting.size,
      waitingTokens: this.waiting.tokens,
      closed: this.closed,
    };
    this.state.next(next);
  }
}
