import { execa } from 'execa';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalGroup, waitForGroup } from './process-group.js';
import type { EngineCommand } from './engine-command.js';
import type { LogRelay } from './log-relay.js';

export interface Exit {
  code: number | null;
  signal: string | null;
  /** Set when there never was a process. */
  spawnError: string | null;
}

/** After the exit, for its last output to arrive: a grandchild can hold the pipes open. */
const LAST_OUTPUT_MS = 500;
/** For what else is in the group to be gone after SIGKILL, device memory with it. */
const GROUP_GONE_MS = 5_000;

/**
 * One child: detached in a process group of its own, so that a terminal's Ctrl-C does not reach it, with a standard
 * input whose end tells it that this process is gone.
 */
export class EngineProcess {
  readonly pid: number | null;
  /** Resolves at the exit itself; never rejects. */
  readonly exited: Promise<Exit>;
  /** Resolves when its output is read to the end and nobody of its group is left. */
  readonly gone: Promise<void>;
  private exit: Exit | null = null;

  constructor(command: EngineCommand, environment: Record<string, string>, relay: LogRelay) {
    const subprocess = execa(command.file, command.args, {
      cwd: command.cwd,
      env: environment,
      extendEnv: false,
      detached: true,
      buffer: false,
      reject: false,
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const child = subprocess.nodeChildProcess;
    this.pid = subprocess.pid ?? null;
    relay.attach(subprocess.stdout, 'info');
    relay.attach(subprocess.stderr, 'warn');
    // Writing nothing, we only ever see that the child closed its end.
    subprocess.stdin.on('error', () => {});

    this.exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal, spawnError: null }));
      void subprocess.then(({ originalMessage }) => {
        if (this.pid === null) resolve({ code: null, signal: null, spawnError: originalMessage ?? command.file });
      });
    }).then((exit) => (this.exit = exit));
    this.gone = this.exited.then(async () => {
      this.signal('SIGKILL');
      await Promise.race([subprocess, sleep(LAST_OUTPUT_MS, undefined, { ref: false })]);
      if (this.pid !== null) await waitForGroup(this.pid, GROUP_GONE_MS);
    });
  }

  /** SIGTERM is for the engine, which ends its own helpers; SIGKILL is for all of its group. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.pid === null) return;
    if (signal === 'SIGKILL') signalGroup(this.pid, signal);
    else if (this.exit === null) signalProcess(this.pid, signal);
  }

  /** SIGTERM, and SIGKILL when it is still there after the deadline. */
  async stop(deadlineMs: number): Promise<Exit> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), deadlineMs);
    const exit = await this.exited;
    clearTimeout(timer);
    await this.gone;
    return exit;
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just exited.
  }
}
