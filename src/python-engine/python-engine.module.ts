import { Module } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { ModelManagerModule } from '../model-manager/model-manager.module.js';
import { SUPERVISION, supervisionOf } from './supervision.js';
import { WorkerPool } from './worker-pool.js';

@Module({
  imports: [ModelManagerModule],
  providers: [WorkerPool, { provide: SUPERVISION, inject: [Settings], useFactory: supervisionOf }],
  exports: [WorkerPool],
})
export class PythonEngineModule {}
