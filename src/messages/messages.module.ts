import { Module } from '@nestjs/common';
import { ChatModule } from '../chat/chat.module.js';
import { GenerationModule } from '../generation/generation.module.js';
import { ErrorDialects } from '../openai/error-dialects.js';
import { OpenAIModule } from '../openai/openai.module.js';
import { PythonEngineModule } from '../python-engine/python-engine.module.js';
import { messagesError } from './messages-error.js';
import { MessagesController } from './messages.controller.js';
import { MessagesService } from './messages.service.js';
import { ParseCountPipe, ParseMessagePipe } from './parse-message.pipe.js';

@Module({
  imports: [ChatModule, GenerationModule, OpenAIModule, PythonEngineModule],
  controllers: [MessagesController],
  providers: [MessagesService, ParseMessagePipe, ParseCountPipe],
})
export class MessagesModule {
  /** Also what fails before the controller is told of as Anthropic does. */
  constructor(dialects: ErrorDialects) {
    dialects.use('/v1/messages', messagesError);
  }
}
