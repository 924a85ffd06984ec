import { Module } from '@nestjs/common';
import { AdmissionModule } from '../admission/admission.module.js';
import { PythonEngineModule } from '../python-engine/python-engine.module.js';
import { ChatCompletionsController } from './chat-completions.controller.js';
import { ChatCompletionsService } from './chat-completions.service.js';
import { ParseChatCompletionPipe } from './parse-chat-completion.pipe.js';

@Module({
  imports: [AdmissionModule, PythonEngineModule],
  controllers: [ChatCompletionsController],
  providers: [ChatCompletionsService, ParseChatCompletionPipe],
  exports: [ChatCompletionsService],
})
export class ChatCompletionsModule {}
