import { randomBytes } from 'node:crypto';
import type { Settings } from '../config/settings.js';
import { EngineClient } from './client/engine-client.js';
import { HealthProbe } from './client/health-probe.js';
import { EngineLife } from './engine-life.js';
import { engineCommand } from './process/engine-command.js';
import { engineEnvironment } from './process/engine-environment.js';
import { EngineProcess } from './process/engine-process.js';
import { LogRelay, type EngineLogLine } from './process/log-relay.js';
import { projectRoot } from '../model-manager/project-root.js';
import type { Supervision } from './supervision.js';
import { workerShare } from './worker-share.js';

export interface ModelOnDisk {
  directory: string;
  modelId: string | null;
}

/** All that a worker needs to bring up one child after the other. */
export interface WorkerPlan {
  readonly name: string;
  readonly host: string;
  /** The port asked for first. */
  readonly port: number;
  readonly supervision: Supervision;
  /** Spawns a child that is to listen on `port`. Throws EngineCommandError when there is nothing to run. */
  launch(port: number): { life: EngineLife; client: EngineClient; pid: number | null };
}

export interface WorkerPlanSource {
  index: number;
  settings: Settings;
  supervision: Supervision;
  model: () => ModelOnDisk;
  log: (line: EngineLogLine) => void;
}

export function workerPlan({ index, settings, supervision, model, log }: WorkerPlanSource): WorkerPlan {
  return {
    name: `worker-${index}`,
    host: settings.engineHost,
    port: settings.enginePort + index,
    supervision,
    launch: (port) => {
      const { directory, modelId } = model();
      const root = projectRoot(import.meta.url);
      const command = engineCommand({ projectRoot: root, ...settings }, directory, port);
      const identity = { token: secret(), nonce: secret(), modelId };
      const relay = new LogRelay(log);
      const share = workerShare(settings, index);
      const environment = engineEnvironment(settings, share, identity, command.pythonPath);
      const child = new EngineProcess(command, environment, relay);
      const origin = `http://${reachable(settings.engineHost)}:${port}`;
      const probe = new HealthProbe(origin, identity.nonce, supervision.probeMs);
      const client = new EngineClient(origin, identity.token, supervision, `worker-${index}`);
      return { life: new EngineLife({ child, relay, probe, client }, supervision), client, pid: child.pid };
    },
  };
}

const secret = (): string => randomBytes(32).toString('hex');

/** Where to reach somebody who listens on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
