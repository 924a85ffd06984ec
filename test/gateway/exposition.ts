import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Samples of an exposition: `name{labels}` to value, as they stand there. */
export class Exposition {
  private readonly samples = new Map<string, number>();

  constructor(readonly text: string) {
    for (const line of text.split('\n')) {
      const [, sample, value] = /^([^#\s]\S*(?: \S+)*?) (\S+)$/.exec(line) ?? [];
      if (sample !== undefined) this.samples.set(sample, Number(value));
    }
  }

  static async of(address: string): Promise<Exposition> {
    const answer = await fetch(`${address}/metrics`);
    if (!answer.ok) throw new Error(await answer.text());
    return new Exposition(await answer.text());
  }

  /** The value of `name{labels}`, 0 where it has not been counted yet. */
  get(sample: string): number {
    return this.samples.get(sample) ?? 0;
  }

  get names(): Set<string> {
    return new Set([...this.samples.keys()].map((sample) => sample.split('{', 1)[0]!));
  }

  /** Names of metrics, whether they have samples yet or not. */
  get declared(): Set<string> {
    return new Set([...this.text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!));
  }
}

/** Names of metrics that a file of deploy/ speaks of. */
export function metricsIn(file: string): string[] {
  const text = readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8');
  return [...new Set(text.match(/\b(nanochat:|nodejs_|process_)\w+/g))];
}

/** promtool, from Debian's package prometheus, or null. */
export const promtool = ((): string | null => {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return 'promtool';
  } catch {
    return null;
  }
})();
