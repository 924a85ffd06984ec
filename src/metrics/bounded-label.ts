const MOST = 64;
const SHAPE = /^[a-z0-9_]{1,64}$/;

/** The values of one label, of which there are never more than a bound, whatever an engine may say. */
export class BoundedLabel {
  private readonly known = new Set<string>();

  constructor(private readonly most = MOST) {}

  of(value: string): string {
    if (this.known.has(value)) return value;
    if (this.known.size >= this.most || !SHAPE.test(value)) return 'other';
    this.known.add(value);
    return value;
  }
}
