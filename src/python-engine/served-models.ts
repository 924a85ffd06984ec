import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { modelNotFound } from '../openai/error-catalogue.js';
import type { EngineModel } from './client/engine-health.js';
import { WorkerPool } from './worker-pool.js';

/** Always names the model that is served, whichever it is. */
export const OWN_NAME = 'nanochat';

/** The one model that is served, by all its names: nanochat, its own id, and MODEL_ALIASES. */
@Injectable()
export class ServedModels {
  constructor(
    private readonly pool: WorkerPool,
    private readonly settings: Settings,
  ) {}

  /** What the first worker that has loaded it tells of it; null before. */
  get model(): EngineModel | null {
    for (const { engine } of this.pool.status.workers) if (engine?.model?.id) return engine.model;
    return null;
  }

  get names(): string[] {
    const id = this.model?.id;
    return [...new Set([OWN_NAME, ...(id ? [id] : []), ...this.settings.modelAliases])];
  }

  /** Throws 404 for a name that is none of these. */
  check(name: string): void {
    if (!this.names.includes(name)) throw modelNotFound(name);
  }
}
