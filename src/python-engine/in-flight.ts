import { BehaviorSubject, filter, finalize, firstValueFrom, type Observable, race, timer } from 'rxjs';

/** Requests that a worker has been sent and that are not over. */
export class InFlight {
  private readonly running = new BehaviorSubject(0);

  get count(): number {
    return this.running.value;
  }

  /** The same, counted until it ends or is unsubscribed from; call it at the subscription. */
  stream<T>(answer: Observable<T>): Observable<T> {
    this.add(1);
    return answer.pipe(finalize(() => this.add(-1)));
  }

  /** The same, counted until it is settled. */
  async whole<T>(answer: Promise<T>): Promise<T> {
    this.add(1);
    return answer.finally(() => this.add(-1));
  }

  /** Resolves when there are none, or after so long. */
  async idle(timeoutMs: number): Promise<void> {
    await firstValueFrom(race(this.running.pipe(filter((count) => count === 0)), timer(timeoutMs)));
  }

  private add(count: number): void {
    this.running.next(this.running.value + count);
  }
}
