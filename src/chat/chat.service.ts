import { Injectable } from '@nestjs/common';
import { filter, type Observable } from 'rxjs';
import type { GenerationRecord } from '../generation/generation-record.js';
import { GenerationService } from '../generation/generation.service.js';
import type { TextMessage } from '../python-engine/worker.js';
import type { ChatEvent } from './chat-event.js';
import type { ChatRequest, ChatTurn } from './chat-request.js';

/** Answers a chat of any dialect. */
@Injectable()
export class ChatService {
  constructor(private readonly generation: GenerationService) {}

  /** Unsubscribing ends the generation. */
  answer(request: ChatRequest, record: GenerationRecord): Observable<ChatEvent> {
    const { turns, sampling, n, calculator, constraint } = request;
    const events = this.generation.generate(
      {
        requestId: record.id,
        prompt: { messages: turns.map(textMessage) },
        sampling,
        n,
        calculator,
        ...(constraint === null ? {} : { constraint }),
      },
      record,
    );
    return events.pipe(filter((event) => event.type !== 'prompt'));
  }
}

const textMessage = (turn: ChatTurn): TextMessage => ({
  role: turn.role === 'tool' ? 'user' : turn.role,
  content: turn.text,
});
