import { Module } from '@nestjs/common';
import { AdmissionModule } from '../admission/admission.module.js';
import { PythonEngineModule } from '../python-engine/python-engine.module.js';
import { GenerationService } from './generation.service.js';

@Module({
  imports: [AdmissionModule, PythonEngineModule],
  providers: [GenerationService],
  exports: [GenerationService],
})
export class GenerationModule {}
