import { Module } from '@nestjs/common';
import { ChatModule } from '../chat/chat.module.js';
import { GenerationModule } from '../generation/generation.module.js';
import { ParseResponsePipe } from './parse-response.pipe.js';
import { ResponseStore } from './response-store.js';
import { ResponsesController } from './responses.controller.js';
import { ResponsesService } from './responses.service.js';

@Module({
  imports: [ChatModule, GenerationModule],
  controllers: [ResponsesController],
  providers: [ResponsesService, ResponseStore, ParseResponsePipe],
})
export class ResponsesModule {}
