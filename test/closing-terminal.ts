import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const python = resolve(import.meta.dirname, '..', '.venv', 'bin', 'python');
const HANGUP_PAUSE_S = 0.2; // the signals come one by one where each is taken before the next
const TERMINAL = `
import os, pty, signal, sys, time
awaited, interrupted, hangups = sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3])
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[4], sys.argv[4:])
said = b""
def until(words):
    global said
    while words not in said:
        said += os.read(terminal, 4096)
until(awaited)
if interrupted:
    os.write(terminal, b"\\x03")
    until(interrupted)
for _ in range(hangups):
    os.kill(pid, signal.SIGHUP)
    time.sleep(${HANGUP_PAUSE_S})
os.close(terminal)
os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

interface Closing {
  cwd: string;
  env?: NodeJS.ProcessEnv;
  /** What the program says of a Ctrl-C, which it then gets before. */
  interrupted?: string;
  /** Signals of the shell, which tells of the end before the system does. */
  hangups?: number;
}

/** Runs a program at a terminal of its own, which is closed once the program has said so; resolves to its exit code. */
export async function closingTerminal(
  said: string,
  [file, ...args]: readonly [string, ...string[]],
  { interrupted = '', hangups = 0, ...options }: Closing,
): Promise<number | null> {
  const steps = [said, interrupted, String(hangups)];
  const child = spawn(python, ['-c', TERMINAL, ...steps, file, ...args], { stdio: 'ignore', ...options });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}
