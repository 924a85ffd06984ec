import { Module } from '@nestjs/common';
import { ChatModule } from '../chat/chat.module.js';
import { GenerationModule } from '../generation/generation.module.js';
import { ChatCompletionsController } from './chat-completions.controller.js';
import { ChatCompletionsService } from './chat-completions.service.js';
import { ParseChatCompletionPipe } from './parse-chat-completion.pipe.js';

@Module({
  imports: [ChatModule, GenerationModule],
  controllers: [ChatCompletionsController],
  providers: [ChatCompletionsService, ParseChatCompletionPipe],
})
export class ChatCompletionsModule {}
