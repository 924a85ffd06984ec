import { existsSync, statSync } from 'node:fs';
import { delimiter, dirname, extname, join, resolve } from 'node:path';

export interface EngineCommand {
  file: string;
  args: readonly string[];
  cwd: string;
  /** Put before an inherited PYTHONPATH; null when the engine is not ours in a folder. */
  pythonPath: string | null;
}

/** The command can't be built: nothing that a restart would mend. The message names the setting. */
export class EngineCommandError extends Error {
  override readonly name = 'EngineCommandError';
}

export interface EngineCommandSource {
  projectRoot: string;
  inferenceServerPath: string | null;
  enginePython: string | null;
}

/**
 * What to run. INFERENCE_SERVER_PATH is the folder that holds the package (by default the project's own), or a file:
 * Python, Node or an executable. Each gets `--model DIR --port N`.
 */
export function engineCommand(source: EngineCommandSource, modelDirectory: string, port: number): EngineCommand {
  const entry = resolve(source.inferenceServerPath ?? join(source.projectRoot, 'python'));
  if (!existsSync(entry)) throw new EngineCommandError(`INFERENCE_SERVER_PATH: ${entry} does not exist`);
  const args = ['--model', modelDirectory, '--port', String(port)];

  if (statSync(entry).isDirectory()) {
    if (!existsSync(join(entry, 'nanochat_engine'))) {
      throw new EngineCommandError(`INFERENCE_SERVER_PATH: ${entry} holds no nanochat_engine`);
    }
    return { file: python(source), args: ['-m', 'nanochat_engine', ...args], cwd: entry, pythonPath: entry };
  }
  const cwd = dirname(entry);
  const extension = extname(entry);
  if (extension === '.py') return { file: python(source), args: [entry, ...args], cwd, pythonPath: cwd };
  if (extension === '.mjs' || extension === '.js') {
    return { file: process.execPath, args: [entry, ...args], cwd, pythonPath: null };
  }
  return { file: entry, args, cwd, pythonPath: null };
}

function python({ projectRoot, enginePython }: EngineCommandSource): string {
  // A bare name is looked up in PATH by the system.
  if (enginePython !== null && !enginePython.includes('/')) return enginePython;
  const file = enginePython === null ? join(projectRoot, '.venv', 'bin', 'python') : resolve(enginePython);
  if (existsSync(file)) return file;
  throw new EngineCommandError(
    enginePython === null
      ? `the engine's Python is not set up (${file}): run 'npm run setup', or set ENGINE_PYTHON`
      : `ENGINE_PYTHON: ${file} does not exist`,
  );
}

export function joinPythonPath(first: string | null, inherited: string | undefined): string | undefined {
  return [first, inherited].filter(Boolean).join(delimiter) || undefined;
}
