export interface Transfer {
  bytesDone: number;
  bytesTotal: number;
  /** Bytes a second of late, null before anything came. */
  rate: number | null;
  secondsLeft: number | null;
}

const WINDOW_MS = 10_000;
/** Marks are this far apart at least, so that a fast download keeps few of them. */
const MARK_MS = 100;

/** How far a download is, and how fast. What was on the disk before counts as done and not as speed. */
export class TransferMeter {
  private readonly files = new Map<string, number>();
  private readonly marks: { at: number; received: number }[] = [];
  private received = 0;

  constructor(
    private readonly bytesTotal: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.marks.push({ at: this.now(), received: 0 });
  }

  /** A file has so many bytes on the disk; `fresh` of them have just come from the network. */
  set(path: string, bytes: number, fresh = 0): void {
    this.files.set(path, bytes);
    this.received += fresh;
    const at = this.now();
    if (at - this.marks.at(-1)!.at < MARK_MS) return;
    this.marks.push({ at, received: this.received });
    while (this.marks.length > 2 && at - this.marks[0]!.at > WINDOW_MS) this.marks.shift();
  }

  read(): Transfer {
    const bytesDone = [...this.files.values()].reduce((sum, bytes) => sum + bytes, 0);
    const { at, received } = this.marks[0]!;
    const seconds = (this.now() - at) / 1000;
    const rate = this.received === 0 || seconds <= 0 ? null : (this.received - received) / seconds;
    const left = this.bytesTotal - bytesDone;
    const secondsLeft = rate === null || rate === 0 ? null : left / rate;
    return { bytesDone, bytesTotal: this.bytesTotal, rate, secondsLeft };
  }
}
