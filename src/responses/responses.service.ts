import { Injectable } from '@nestjs/common';
import { catchError, defer, type Observable } from 'rxjs';
import type { ChatEvent } from '../chat/chat-event.js';
import type { ChatTurn } from '../chat/chat-request.js';
import { ChatService } from '../chat/chat.service.js';
import { checkToolResults } from '../chat/check-tool-results.js';
import type { AnswerIdentity } from '../generation/answer-identity.js';
import type { GenerationRecord } from '../generation/generation-record.js';
import { GenerationService } from '../generation/generation.service.js';
import { ANONYMOUS } from '../openai/caller.js';
import { responseNotFound } from '../openai/error-catalogue.js';
import { OpenAIError } from '../openai/openai-error.js';
import type { ResponseRequest } from './create-response.dto.js';
import { newResponse, type ResponseBody } from './response-body.js';
import type { Keep } from './response-events.js';
import { ResponseStore } from './response-store.js';
import { type Conversation, toConversation, turnOf } from './to-chat-request.js';

/** One response that is being made. */
export interface Answer {
  /** Unsubscribing ends the generation. */
  events: Observable<ChatEvent>;
  /** As it stands before the first token. */
  response: ResponseBody;
  /** Keeps the whole answer; says whether it did. */
  keep: Keep;
}

/** Responses as chats, each of which may continue one that is kept; it knows no HTTP. */
@Injectable()
export class ResponsesService {
  constructor(
    private readonly generation: GenerationService,
    private readonly chat: ChatService,
    private readonly store: ResponseStore,
  ) {}

  identify(request: ResponseRequest): AnswerIdentity {
    return this.generation.identify('resp_', request.fields.model);
  }

  /** Throws 404 where the response that is continued is not kept, 400 where the conversation can not be. */
  answer(request: ResponseRequest, identity: AnswerIdentity, record: GenerationRecord): Answer {
    const { name: owner } = record.request?.caller ?? ANONYMOUS;
    const previous = this.previous(owner, request.fields.previous_response_id ?? null);
    const conversation = toConversation(request, previous);
    checkToolResults(conversation.chat.turns, conversation.params);
    return {
      events: this.events(conversation, record),
      response: newResponse(identity, request),
      keep: (response) =>
        this.store.put(owner, response, [...previous, ...request.input.turns, turnOf(response.output)]),
    };
  }

  /** Throws 404, also for a response of somebody else's. */
  retrieve(owner: string, id: string): ResponseBody {
    const response = this.store.response(owner, id);
    if (response === null) throw responseNotFound(id);
    return response;
  }

  /** Throws 404, also for a response of somebody else's. */
  delete(owner: string, id: string): void {
    if (!this.store.delete(owner, id)) throw responseNotFound(id);
  }

  private previous(owner: string, id: string | null): ChatTurn[] {
    if (id === null) return [];
    const turns = this.store.turns(owner, id);
    if (turns === null) throw responseNotFound(id, 'previous_response_id');
    return turns;
  }

  private events({ chat, params }: Conversation, record: GenerationRecord): Observable<ChatEvent> {
    return defer(() => this.chat.answer(chat, record)).pipe(
      catchError((failure: unknown) => {
        throw failure instanceof OpenAIError ? failure.renamed(paramOf(failure.param, params)) : failure;
      }),
    );
  }
}

/** The rooms below know a chat's names; this API has others. */
function paramOf(param: string | null, params: readonly string[]): string | null {
  const turn = /^messages\[(\d+)\]/.exec(param ?? '')?.[1];
  if (turn !== undefined) return params[Number(turn)] ?? 'input';
  const names: Readonly<Record<string, string>> = {
    ...{ messages: 'input', constraint: 'text.format', max_tokens: 'max_output_tokens' },
  };
  return param === null ? null : (names[param] ?? param);
}
