/** What goes wrong with an answer, once each time it is planned. */
export type HubFault =
  | { kind: 'status'; status: number; headers?: Record<string, string> }
  /** The connection is cut after half of what was asked for. */
  | { kind: 'cut' }
  /** Half, and then nothing until `release` or `cut` is called. */
  | { kind: 'hold' }
  /** Every byte is there, one of them is another. */
  | { kind: 'wrong' };

/** Faults by where they happen: 'api', or the path of a file. */
export class HubFaults {
  private readonly planned: { at: string; fault: HubFault; times: number }[] = [];

  plan(at: string, fault: HubFault, times = 1): void {
    this.planned.push({ at, fault, times });
  }

  next(at: string): HubFault | null {
    const found = this.planned.find((plan) => plan.at === at && plan.times > 0);
    if (found === undefined) return null;
    found.times -= 1;
    return found.fault;
  }
}
