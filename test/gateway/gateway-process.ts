import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/python-engine/process/free-port.js';
import { FakeEngine, type FakeEngineScript } from '../fake-engine/fake-engine.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Compiles what is not compiled yet; the product runs from dist/. */
export const build = (): void => void execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root });

/** The gateway as its users run it: a process of its own, with a fake engine as its child. */
export class GatewayProcess {
  output = '';
  errors = '';
  readonly exited: Promise<number | null>;

  private constructor(
    readonly child: ChildProcess,
    readonly engine: FakeEngine,
    readonly port: number,
  ) {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.exited = once(child, 'close').then(([code]) => code as number | null);
  }

  static async spawn(script: FakeEngineScript = {}, environment: Record<string, string> = {}): Promise<GatewayProcess> {
    const engine = new FakeEngine(script);
    const port = await freePort('127.0.0.1', 0);
    const child = spawn(process.execPath, [join(root, 'dist', 'main.js')], {
      cwd: engine.folder, // with an .env of its own or none
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        INFERENCE_SERVER_PATH: engine.path,
        MODEL: engine.model,
        PORT: String(port),
        ENGINE_PORT: String(await freePort('127.0.0.1', 0)),
        LOG_FORMAT: 'json',
        RESUME_TRIES: '0',
        ...environment,
      },
    });
    return new GatewayProcess(child, engine, port);
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The log so far, one object a line. */
  get log(): Record<string, unknown>[] {
    const whole = this.output.slice(0, this.output.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** The first line that is `what`, as soon as it is written. */
  async logged(what: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.log.find(what);
      if (found !== undefined) return found;
      const more = once(this.child.stdout!, 'data').then(() => true);
      const goesOn = await Promise.race([more, this.exited.then(() => false)]);
      if (!goesOn && this.log.find(what) === undefined) throw new Error(`never logged; ${this.output}${this.errors}`);
    }
  }

  ready(): Promise<Record<string, unknown>> {
    return this.logged(({ message }) => message === 'ready');
  }

  /** Only this process; its engine is left to find out by itself. */
  async close(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
    this.engine.remove();
  }
}
