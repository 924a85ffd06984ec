import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { ChatEvent } from '../chat/chat-event.js';
import { ChatService } from '../chat/chat.service.js';
import type { AnswerIdentity } from '../generation/answer-identity.js';
import type { GenerationRecord } from '../generation/generation-record.js';
import { GenerationService } from '../generation/generation.service.js';
import { ServedModels } from '../python-engine/served-models.js';
import { WorkerPool } from '../python-engine/worker-pool.js';
import type { MessageRequest } from './to-chat-request.js';

/** Messages as chats; it knows no HTTP. */
@Injectable()
export class MessagesService {
  constructor(
    private readonly generation: GenerationService,
    private readonly chat: ChatService,
    private readonly pool: WorkerPool,
    private readonly models: ServedModels,
  ) {}

  identify({ model }: MessageRequest): AnswerIdentity {
    return this.generation.identify('msg_', model);
  }

  /** Unsubscribing ends the generation. */
  answer({ chat }: MessageRequest, record: GenerationRecord): Observable<ChatEvent> {
    return this.chat.answer(chat, record);
  }

  /** Tokens of the prompt as the model would read it, tools and all. Nothing is generated, so nothing waits in the queue. */
  async count({ model, chat }: MessageRequest): Promise<number> {
    this.generation.refuseEarly(model);
    const { tokenIds } = await this.pool.tokenize({ messages: this.chat.messages(chat) }, this.models.own(model));
    return tokenIds.length;
  }
}
