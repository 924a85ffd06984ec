import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { engineCommand, EngineCommandError, type EngineCommandSource } from './engine-command.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'engine-command-'));
  for (const folder of ['python/nanochat_engine', '.venv/bin', 'empty']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const file of ['.venv/bin/python', 'my-python', 'engine.py', 'engine.mjs', 'engine']) {
    writeFileSync(join(root, file), '');
  }
});
afterAll(() => rmSync(root, { recursive: true }));

const command = (source: Partial<EngineCommandSource> = {}) =>
  engineCommand({ projectRoot: root, inferenceServerPath: null, enginePython: null, ...source }, '/model', 8081);

const ARGUMENTS = ['--model', '/model', '--port', '8081'];

describe('engineCommand', () => {
  it("runs the project's own engine with the project's own Python by default", () => {
    expect(command()).toEqual({
      file: join(root, '.venv/bin/python'),
      args: ['-m', 'nanochat_engine', ...ARGUMENTS],
      cwd: join(root, 'python'),
      pythonPath: join(root, 'python'),
    });
  });

  it('runs a Python file with that Python, a Node file with this Node, and any other by itself', () => {
    const run = (file: string) => command({ inferenceServerPath: join(root, file) });
    expect(run('engine.py')).toMatchObject({
      file: join(root, '.venv/bin/python'),
      args: [join(root, 'engine.py'), ...ARGUMENTS],
    });
    expect(run('engine.mjs')).toMatchObject({ file: process.execPath, args: [join(root, 'engine.mjs'), ...ARGUMENTS] });
    expect(run('engine')).toMatchObject({ file: join(root, 'engine'), args: ARGUMENTS });
  });

  it('takes ENGINE_PYTHON as a path, or as a name to be found in PATH', () => {
    expect(command({ enginePython: join(root, 'my-python') }).file).toBe(join(root, 'my-python'));
    expect(command({ enginePython: 'python3' }).file).toBe('python3');
  });

  it('names the setting when there is nothing to run', () => {
    const wrong = (source: Partial<EngineCommandSource>) => () => command(source);
    expect(wrong({ inferenceServerPath: join(root, 'nothing') })).toThrow(EngineCommandError);
    expect(wrong({ inferenceServerPath: join(root, 'nothing') })).toThrow('INFERENCE_SERVER_PATH');
    expect(wrong({ inferenceServerPath: join(root, 'empty') })).toThrow('holds no nanochat_engine');
    expect(wrong({ enginePython: join(root, 'nothing') })).toThrow('ENGINE_PYTHON');
    expect(wrong({ projectRoot: '/nowhere', inferenceServerPath: join(root, 'python') })).toThrow('npm run setup');
  });
});
