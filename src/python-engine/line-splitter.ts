import { StringDecoder } from 'node:string_decoder';

/** Turns bytes into lines of bounded length; characters cut between two packets are put together again. */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private skipping = false;

  /** `onLine` gets each line without its end; `cut` says that it was longer than `maxLength` and lost its end. */
  constructor(
    private readonly maxLength: number,
    private readonly onLine: (line: string, cut: boolean) => void,
  ) {}

  push(bytes: Buffer): void {
    this.take(this.decoder.write(bytes));
  }

  /** Gives a last line that has no line feed. */
  end(): void {
    this.take(this.decoder.end());
    if (this.rest !== '') this.onLine(this.rest, false);
    this.rest = '';
  }

  private take(text: string): void {
    let from = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
      this.finish(text.slice(from, at));
      from = at + 1;
    }
    this.keep(text.slice(from));
  }

  private finish(end: string): void {
    this.keep(end);
    const line = this.rest;
    const skipped = this.skipping;
    this.rest = '';
    this.skipping = false;
    if (!skipped) this.onLine(line.endsWith('\r') ? line.slice(0, -1) : line, false);
  }

  private keep(text: string): void {
    if (this.skipping) return;
    this.rest += text;
    if (this.rest.length <= this.maxLength) return;
    const line = this.rest.slice(0, this.maxLength);
    this.rest = '';
    this.skipping = true;
    this.onLine(line, true);
  }
}
