import { Module } from '@nestjs/common';
import { GenerationModule } from '../generation/generation.module.js';
import { PythonEngineModule } from '../python-engine/python-engine.module.js';
import { ParseDetokenizePipe, ParseTokenizePipe } from './parse-tokenize.pipe.js';
import { TokenizeController } from './tokenize.controller.js';
import { TokenizeService } from './tokenize.service.js';

@Module({
  imports: [GenerationModule, PythonEngineModule],
  controllers: [TokenizeController],
  providers: [TokenizeService, ParseTokenizePipe, ParseDetokenizePipe],
})
export class TokenizeModule {}
