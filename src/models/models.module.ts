import { Module } from '@nestjs/common';
import { PythonEngineModule } from '../python-engine/python-engine.module.js';
import { ModelsController } from './models.controller.js';

@Module({ imports: [PythonEngineModule], controllers: [ModelsController] })
export class ModelsModule {}
