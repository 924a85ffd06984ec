/** `too-small`: it was over from its first moment, so that no successor would be under. */
export type MemoryVerdict = 'exceeded' | 'too-small';

/** Looks in a row before it counts: one step's peak is no growth. */
const LOOKS = 3;

/** Tells an engine that has grown over its budget from one that never fitted. Pure: fed with what a ready engine holds. */
export class MemoryBudget {
  private over = 0;
  private fitted = false;

  /** `limitBytes`: null where there is no budget. */
  constructor(private readonly limitBytes: number | null) {}

  /** `bytes`: null where it is not known. Null while the budget is kept. */
  judge(bytes: number | null): MemoryVerdict | null {
    if (this.limitBytes === null || bytes === null || bytes <= this.limitBytes) {
      this.fitted = true;
      this.over = 0;
      return null;
    }
    this.over += 1;
    if (this.over < LOOKS) return null;
    return this.fitted ? 'exceeded' : 'too-small';
  }
}
