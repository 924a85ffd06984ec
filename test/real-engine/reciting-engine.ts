import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Text, in the tokens that it has by itself; a special token; or null, where the engine decides. */
export type Piece = string | { special: string } | null;

const PATHS = ['../../python', '../../python/tests/gateway'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** The real engine on a model that says what it is told: a program for INFERENCE_SERVER_PATH (python/tests/gateway/reciting_engine.py). */
export class RecitingEngine {
  private readonly folder = mkdtempSync(join(tmpdir(), 'reciting-engine-'));
  private readonly holdFile = join(this.folder, 'hold');
  /** For INFERENCE_SERVER_PATH. */
  readonly path = join(this.folder, 'engine.py');

  /** By a word of the prompt, what each choice says. */
  constructor(script: Record<string, Piece[][]>) {
    this.hold(null);
    // JSON's null is no name of Python's.
    const told = `json.loads(${JSON.stringify(JSON.stringify(script))})`;
    writeFileSync(
      this.path,
      `import json, pathlib, sys\nsys.path[:0] = ${JSON.stringify(PATHS)}\nfrom reciting_engine import main\n` +
        `main(${told}, pathlib.Path(${JSON.stringify(this.holdFile)}))\n`,
    );
  }

  /** From now on the engine of this process lets no choice go beyond as many tokens as its request's seed says. */
  hold(pid: number | null): void {
    writeFileSync(this.holdFile, String(pid));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
