import { Module } from '@nestjs/common';
import { GenerationModule } from '../generation/generation.module.js';
import { CompletionsController } from './completions.controller.js';
import { CompletionsService } from './completions.service.js';
import { ParseCompletionPipe } from './parse-completion.pipe.js';

@Module({
  imports: [GenerationModule],
  controllers: [CompletionsController],
  providers: [CompletionsService, ParseCompletionPipe],
})
export class CompletionsModule {}
