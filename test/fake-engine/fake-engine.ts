import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names and defaults are in script.mjs. */
export type FakeEngineScript = Record<string, unknown> & { lives?: Record<string, unknown>[] };

export interface Life {
  event: 'start' | 'end';
  pid: number;
  port: number;
  model: string;
}

const program = new URL('./fake-engine.mjs', import.meta.url).href;

/**
 * A fake engine on disk: INFERENCE_SERVER_PATH for a test, as the engine's environment is closed to a test's own
 * variables. Its folder also holds a model that passes the model manager.
 */
export class FakeEngine {
  readonly folder = mkdtempSync(join(tmpdir(), 'fake-engine-'));
  /** For INFERENCE_SERVER_PATH. */
  readonly path = join(this.folder, 'engine.mjs');
  /** For MODEL. */
  readonly model = this.folder;
  private readonly livesFile = join(this.folder, 'lives.jsonl');

  constructor(script: FakeEngineScript = {}) {
    const call = `runFakeEngine(${JSON.stringify(script)}, ${JSON.stringify(this.livesFile)})`;
    writeFileSync(this.path, `import { runFakeEngine } from ${JSON.stringify(program)};\nawait ${call};\n`);
    writeFileSync(join(this.folder, 'model_000001.pt'), 'fake');
    writeFileSync(join(this.folder, 'meta_000001.json'), '{"model_config": {}}');
    writeFileSync(join(this.folder, 'tokenizer.pkl'), 'fake');
  }

  /** Starts and ends of its children so far, in order. A child killed by SIGKILL has no end. */
  get lives(): Life[] {
    if (!existsSync(this.livesFile)) return [];
    const lines = readFileSync(this.livesFile, 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as Life);
  }

  get starts(): Life[] {
    return this.lives.filter(({ event }) => event === 'start');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 }); // an orphan may be writing its last line
  }
}

export interface FakeCounts {
  requests: number;
  open: number;
  finished: number;
  aborted: number;
  bodies: string[];
  /** Of generations that came with one. */
  traceparents: string[];
  healths: number;
  helperPid: number | null;
}

/** What the fake engine on a port has seen. */
export async function countsOf(port: number): Promise<FakeCounts> {
  return (await (await fetch(`http://127.0.0.1:${port}/fake/counts`)).json()) as FakeCounts;
}

/** Changes the script of the running fake engine on a port. */
export async function rescript(port: number, script: Record<string, unknown>): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/fake/script`, { method: 'POST', body: JSON.stringify(script) });
  if (!answer.ok) throw new Error(await answer.text());
}
