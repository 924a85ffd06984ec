import { Module } from '@nestjs/common';
import { ModelManagerModule } from '../model-manager/model-manager.module.js';
import { ServedModels } from './served-models.js';
import { SUPERVISION, supervisionOf } from './supervision.js';
import { WorkerPool } from './worker-pool.js';

@Module({
  imports: [ModelManagerModule],
  providers: [WorkerPool, ServedModels, { provide: SUPERVISION, useValue: supervisionOf }],
  exports: [WorkerPool, ServedModels],
})
export class PythonEngineModule {}
