import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AdmissionModule } from '../admission/admission.module.js';
import { ModelManagerModule } from '../model-manager/model-manager.module.js';
import { PythonEngineModule } from '../python-engine/python-engine.module.js';
import { DrainIndicator } from './drain.indicator.js';
import { HealthController } from './health.controller.js';
import { ModelIndicator } from './model.indicator.js';
import { WorkersIndicator } from './workers.indicator.js';

@Module({
  // A probe that fails while a model loads is no error: it would fill the log, once a second.
  imports: [TerminusModule.forRoot({ logger: false }), AdmissionModule, PythonEngineModule, ModelManagerModule],
  controllers: [HealthController],
  providers: [DrainIndicator, ModelIndicator, WorkersIndicator],
})
export class HealthModule {}
