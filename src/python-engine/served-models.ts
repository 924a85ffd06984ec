import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { modelNotFound } from '../openai/error-catalogue.js';
import type { EngineModel } from './client/engine-health.js';
import { WorkerPool } from './worker-pool.js';
import { modelOf } from './worker-status.js';

/** Always names the model that is served, whichever it is. */
export const OWN_NAME = 'nanochat';

/** What is served, by all its names: nanochat and MODEL_ALIASES, and the own ids: one, or several where external engines have others. */
@Injectable()
export class ServedModels {
  constructor(
    private readonly pool: WorkerPool,
    private readonly settings: Settings,
  ) {}

  get names(): string[] {
    return [...new Set([OWN_NAME, ...this.served.map(({ id }) => id), ...this.settings.modelAliases])];
  }

  /** What is told of a name's model; null before it is loaded. A name of any model is of the first. */
  of(name: string | null | undefined): EngineModel | null {
    return this.served.find(({ id }) => id === name) ?? this.served[0] ?? null;
  }

  /** The id that a worker's model has to have for this name; undefined where any will do. */
  own(name: string | null | undefined): string | undefined {
    const generic = name == null || name === OWN_NAME || this.settings.modelAliases.includes(name);
    return generic ? undefined : name;
  }

  /** Throws 404 for a name that is none of these. */
  check(name: string): void {
    if (!this.names.includes(name)) throw modelNotFound(name);
  }

  private get served(): (EngineModel & { id: string })[] {
    return this.pool.status.workers.map(modelOf).filter((model) => isNamed(model));
  }
}

const isNamed = (model: EngineModel | null): model is EngineModel & { id: string } => Boolean(model?.id);
