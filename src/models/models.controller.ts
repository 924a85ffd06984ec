import { Controller, Get, Param } from '@nestjs/common';
import { ApiRoute } from '../api-docs/api-route.decorator.js';
import { ServedModels } from '../python-engine/served-models.js';
import { type Model, MODEL, MODEL_LIST, MODEL_NAME } from './model.js';

@Controller()
export class ModelsController {
  private readonly created = Math.floor(Date.now() / 1000);

  constructor(private readonly models: ServedModels) {}

  @ApiRoute({ summary: 'All names of the model that is served', tag: 'Models', answer: MODEL_LIST })
  @Get(['v1/models', 'models'])
  list(): { object: 'list'; data: Model[] } {
    return { object: 'list', data: this.models.names.map((id) => this.model(id)) };
  }

  @ApiRoute({
    summary: 'The model by one of its names',
    tag: 'Models',
    parameters: { name: MODEL_NAME },
    answer: MODEL,
    errors: [404],
  })
  @Get(['v1/models/:name', 'models/:name'])
  retrieve(@Param('name') name: string): Model {
    this.models.check(name);
    return this.model(name);
  }

  private model(id: string): Model {
    const model = this.models.of(id);
    return {
      id,
      object: 'model',
      created: this.created,
      owned_by: 'nanochat',
      root: model?.id ?? null,
      parent: null,
      max_model_len: model?.contextLength ?? null,
      nanochat: {
        generation: model?.generation ?? null,
        vocab_size: model?.vocabSize ?? null,
        parameters: model?.parameters ?? null,
      },
    };
  }
}
