import { Controller, Get, Param } from '@nestjs/common';
import { modelNotFound } from '../openai/error-catalogue.js';
import { MODEL_ALIAS, servedModelId } from '../openai/served-model.js';
import { WorkerPool } from '../python-engine/worker-pool.js';

interface Model {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
}

@Controller()
export class ModelsController {
  private readonly created = Math.floor(Date.now() / 1000);

  constructor(private readonly pool: WorkerPool) {}

  @Get(['v1/models', 'models'])
  list(): { object: 'list'; data: Model[] } {
    return { object: 'list', data: this.names().map((id) => this.model(id)) };
  }

  /** A model's own id may hold slashes, so the rest of the path is the name. */
  @Get(['v1/models/*name', 'models/*name'])
  retrieve(@Param('name') name: string | string[]): Model {
    const id = Array.isArray(name) ? name.join('/') : name;
    if (!this.names().includes(id)) throw modelNotFound(id.slice(0, 200));
    return this.model(id);
  }

  private names(): string[] {
    const own = servedModelId(this.pool.status.workers);
    return own === null || own === MODEL_ALIAS ? [MODEL_ALIAS] : [MODEL_ALIAS, own];
  }

  private model(id: string): Model {
    return { id, object: 'model', created: this.created, owned_by: 'nanochat' };
  }
}
