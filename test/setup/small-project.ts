import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const projectRoot = resolve(import.meta.dirname, '..', '..');

export interface Finished {
  code: number | null;
  output: string;
  seconds: number;
}

/** A copy of what set-up needs, in a folder of its own, so that a test can break what it likes. */
export class SmallProject {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'nanochat-setup-')));
  private readonly children = new Set<ChildProcess>();

  constructor() {
    cpSync(join(projectRoot, 'scripts'), join(this.root, 'scripts'), { recursive: true });
    mkdirSync(join(this.root, 'python'));
    for (const name of ['requirements.txt', 'requirements-dev.txt']) {
      cpSync(join(projectRoot, 'python', name), join(this.root, 'python', name));
    }
  }

  /** The program that compiles the CPU kernels, and C sources of a line. */
  addKernels(): void {
    const kernels = ['python', 'nanochat_engine', 'kernels'];
    for (const name of ['__init__.py', 'build.py', 'recipe.py']) {
      cpSync(join(projectRoot, ...kernels, name), join(this.root, ...kernels, name));
    }
    this.write('python/nanochat_engine/__init__.py', '');
    this.write('python/nanochat_engine/kernels/native/dispatch.c', 'int nc_stub;\n');
  }

  /** Files and folders that the compilation has left. */
  builtKernels(): string[] {
    const built = join(this.root, 'python', 'nanochat_engine', 'kernels', 'built');
    return existsSync(built) ? readdirSync(built).sort() : [];
  }

  /** An executable shell script in the project's folder. */
  program(name: string, ...lines: string[]): string {
    const file = this.write(name, ['#!/bin/sh', ...lines, ''].join('\n'));
    chmodSync(file, 0o755);
    return file;
  }

  write(name: string, text: string): string {
    const file = join(this.root, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  /** Files and folders of the environment, half-made ones included. */
  environments(): string[] {
    return readdirSync(this.root).filter((name) => name.startsWith('.venv'));
  }

  /** Runs a script of the project on this Node. `onOutput` sees all output so far and may act on the process. */
  run(
    args: string[],
    environment: Record<string, string>,
    onOutput: (output: string, child: ChildProcess) => void = () => undefined,
  ): Promise<Finished> {
    const started = performance.now();
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, args, {
      cwd: this.root,
      env: { PATH, HOME, ...environment },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.children.add(child);
    let output = '';
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      onOutput(output, child);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    return new Promise((done) => {
      child.on('close', (code) => done({ code, output, seconds: (performance.now() - started) / 1000 }));
    });
  }

  remove(): void {
    for (const { pid, exitCode, signalCode } of this.children) {
      if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
    }
    rmSync(this.root, { recursive: true, force: true });
  }
}
