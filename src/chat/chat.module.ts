import { Module } from '@nestjs/common';
import { GenerationModule } from '../generation/generation.module.js';
import { ChatService } from './chat.service.js';

@Module({ imports: [GenerationModule], providers: [ChatService], exports: [ChatService] })
export class ChatModule {}
