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

  @Get(['v1/models/:name', 'models/:name'])
  retrieve(@Param('name') name: string): Model {
    if (!this.names().includes(name)) throw modelNotFound(name);
    return this.model(name);
  }

  private names(): string[] {
    const own = servedModelId(this.pool.status.workers);
    return own === null || own === MODEL_ALIAS ? [MODEL_ALIAS] : [MODEL_ALIAS, own];
  }

  private model(id: string): Model {
    return { id, object: 'model', created: this.created, owned_by: 'nanochat' };
  }
}
