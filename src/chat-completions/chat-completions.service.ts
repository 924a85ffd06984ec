import { Injectable } from '@nestjs/common';
import { catchError, type Observable } from 'rxjs';
import type { ChatEvent } from '../chat/chat-event.js';
import { ChatService } from '../chat/chat.service.js';
import type { AnswerIdentity } from '../generation/answer-identity.js';
import type { GenerationRecord } from '../generation/generation-record.js';
import { GenerationService } from '../generation/generation.service.js';
import { OpenAIError } from '../openai/openai-error.js';
import type { ChatCompletionRequest } from './chat-completion.dto.js';
import { toChatRequest } from './to-chat-request.js';

/** Chat completions as chats; it knows no HTTP. */
@Injectable()
export class ChatCompletionsService {
  constructor(
    private readonly generation: GenerationService,
    private readonly chat: ChatService,
  ) {}

  identify(body: ChatCompletionRequest): AnswerIdentity {
    return this.generation.identify('chatcmpl-', body.model);
  }

  /** Unsubscribing ends the generation. */
  answer(body: ChatCompletionRequest, record: GenerationRecord): Observable<ChatEvent> {
    return this.chat.answer(toChatRequest(body), record).pipe(
      catchError((failure: unknown) => {
        if (!(failure instanceof OpenAIError) || failure.param !== 'constraint') throw failure;
        throw failure.renamed(body.structured_outputs ? 'structured_outputs' : 'response_format');
      }),
    );
  }
}
