import { Module } from '@nestjs/common';
import { ModelManager } from './model-manager.service.js';

@Module({ providers: [ModelManager], exports: [ModelManager] })
export class ModelManagerModule {}
