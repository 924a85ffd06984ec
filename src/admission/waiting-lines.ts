export interface Waiter {
  /** Whose line it stands in. */
  caller: string;
  /** By an estimate. */
  tokens: number;
}

export interface Bounds {
  requests: number;
  tokens: number;
}

/** A line for each caller; of those with least running each is served in turn, so that who floods waits behind himself. */
export class WaitingLines<W extends Waiter> {
  /** The line whose turn it is comes first. */
  private readonly lines = new Map<string, Set<W>>();
  private count = 0;
  private sum = 0;

  /** `running` says how much of a caller is served already. */
  constructor(private readonly running: (caller: string) => number) {}

  get size(): number {
    return this.count;
  }

  get tokens(): number {
    return this.sum;
  }

  /** Who is next. */
  get first(): W | undefined {
    let [least, first] = [Infinity, undefined as W | undefined];
    for (const [caller, line] of this.lines) {
      const running = this.running(caller);
      if (running < least) [least, first] = [running, line.values().next().value];
    }
    return first;
  }

  has(caller: string): boolean {
    return this.lines.has(caller);
  }

  add(waiter: W): void {
    const line = this.lines.get(waiter.caller) ?? new Set();
    this.lines.set(waiter.caller, line.add(waiter));
    this.count++;
    this.sum += waiter.tokens;
  }

  /** Takes the first out; his line is the last now. */
  shift(): void {
    const { first } = this;
    if (first === undefined) return;
    const line = this.lines.get(first.caller) as Set<W>;
    this.lines.delete(first.caller);
    this.lines.set(first.caller, line);
    this.delete(first);
  }

  delete(waiter: W): boolean {
    const line = this.lines.get(waiter.caller);
    if (line === undefined || !line.delete(waiter)) return false;
    this.count--;
    this.sum -= waiter.tokens;
    if (line.size === 0) this.lines.delete(waiter.caller);
    return true;
  }

  /** Line by line. */
  get all(): W[][] {
    return [...this.lines.values()].map((line) => [...line]);
  }

  /**
   * Who has to go so that `waiter` can stand here: nobody where there is room, the newest of the longest line where that
   * stays at least as long as his own, null where he has to go himself. What is over the tokens by itself may wait alone.
   */
  displacedBy(waiter: Waiter, bounds: Bounds): W[] | null {
    let requestsOver = this.count + 1 - bounds.requests;
    let tokensOver = this.count === 0 ? 0 : this.sum + waiter.tokens - bounds.tokens;
    const displaced: W[] = [];
    if (requestsOver <= 0 && tokensOver <= 0) return displaced;
    const cost = requestsOver > 0 ? () => 1 : ({ tokens }: Waiter) => tokens;
    const length = (of: W[]): number => of.reduce((sum, one) => sum + cost(one), 0);
    const longest = this.all.reduce<W[]>((most, line) => (length(line) > length(most) ? line : most), []);
    const mine = length([...(this.lines.get(waiter.caller) ?? [])]) + cost(waiter);
    let his = length(longest);
    for (const newest of longest[0]?.caller === waiter.caller ? [] : longest.toReversed()) {
      displaced.push(newest);
      requestsOver--;
      tokensOver -= newest.tokens;
      his -= cost(newest);
      if (his < mine) return null;
      if (requestsOver <= 0 && tokensOver <= 0) return displaced;
    }
    return null;
  }
}
