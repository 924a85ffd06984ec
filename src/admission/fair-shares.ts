/** So long a caller counts as being about after it came or left. */
const ABOUT_MS = 60_000;
/** Of all places, for a caller that is not alone. */
const MOST = 0.5;

export interface Share {
  caller: string;
  /** Places that it takes. */
  weight: number;
}

/** What each caller has running: who is not alone leaves room, so that another's next request starts at once. */
export class FairShares {
  private readonly loads = new Map<string, number>();
  /** When each was last here; names of keys, so their number is bounded. */
  private readonly seen = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  came(caller: string): void {
    this.seen.set(caller, this.now());
  }

  began({ caller, weight }: Share): void {
    this.loads.set(caller, this.load(caller) + weight);
  }

  ended({ caller, weight }: Share): void {
    const left = this.load(caller) - weight;
    if (left > 0) this.loads.set(caller, left);
    else this.loads.delete(caller);
    this.came(caller);
  }

  load(caller: string): number {
    return this.loads.get(caller) ?? 0;
  }

  /** Whether a caller may take so much more; what is too wide by itself may run as its only one. */
  allows({ caller, weight }: Share, capacity: number): boolean {
    const load = this.load(caller);
    return load === 0 || load + weight <= Math.max(1, Math.floor(MOST * capacity)) || this.alone(caller);
  }

  private alone(caller: string): boolean {
    const since = this.now() - ABOUT_MS;
    for (const [name, at] of this.seen) if (at < since && this.load(name) === 0) this.seen.delete(name);
    return ![...this.seen.keys()].some((name) => name !== caller);
  }
}
