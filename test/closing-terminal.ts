import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const python = resolve(import.meta.dirname, '..', '.venv', 'bin', 'python');
const TERMINAL = `
import os, pty, sys
awaited = sys.argv[1].encode()
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
said = b""
while awaited not in said:
    said += os.read(terminal, 4096)
os.close(terminal)
os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** Runs a program at a terminal of its own, which is closed once the program has said so; resolves to its exit code. */
export async function closingTerminal(
  said: string,
  [file, ...args]: readonly [string, ...string[]],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<number | null> {
  const child = spawn(python, ['-c', TERMINAL, said, file, ...args], { stdio: 'ignore', ...options });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}
