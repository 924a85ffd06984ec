import { execa } from 'execa';
import type { Settings } from '../../config/settings.js';
import { engineCommand } from './engine-command.js';
import { inheritedEnvironment } from './engine-environment.js';

/** What the engine says of a checkpoint without reading its weights; sizes in bytes, lengths in tokens. */
export interface CheckpointInfo {
  layout: string;
  step: number | null;
  generation: string;
  parameters: number;
  layers: number;
  width: number;
  context_length: number;
  vocab_size: number;
  size_on_disk: number;
  memory: Record<string, { weights: number; cache_per_token: number; with_one_context: number }>;
}

/** Throws an Error whose message is the engine's own reason. */
export async function checkpointInfo(settings: Settings, projectRoot: string, model: string): Promise<CheckpointInfo> {
  const { file, cwd, pythonPath } = engineCommand({ projectRoot, ...settings }, model, 0);
  const { modelTag, modelStep, modelGeneration, modelWindowPattern, modelSoftcap } = settings;
  const options = {
    ...{ '--tag': modelTag, '--step': modelStep, '--generation': modelGeneration },
    ...{ '--window-pattern': modelWindowPattern, '--softcap': modelSoftcap },
  };
  const given = Object.entries(options).filter(([, value]) => value !== null);
  const args = ['-m', 'nanochat_engine.commands', 'info', '--json', '--model', model, ...given.flat().map(String)];
  const env = {
    ...inheritedEnvironment(settings.environment),
    ...(pythonPath === null ? {} : { PYTHONPATH: pythonPath }),
  };
  const { failed, stdout, stderr, message } = await execa(file, args, { cwd, env, extendEnv: false, reject: false });
  if (failed) throw new Error(stderr.trim() || message);
  return JSON.parse(stdout) as CheckpointInfo;
}
