import { Injectable } from '@nestjs/common';
import { catchError, defer, type Observable } from 'rxjs';
import { Settings } from '../config/settings.js';
import type { GenerationRecord } from '../generation/generation-record.js';
import { GenerationService } from '../generation/generation.service.js';
import { OpenAIError } from '../openai/openai-error.js';
import type { GenerateRequest, TextMessage } from '../python-engine/worker.js';
import type { ChatEvent } from './chat-event.js';
import type { ChatRequest } from './chat-request.js';
import { checkLengths } from './check-lengths.js';
import { readToolCalls } from './read-tool-calls.js';
import { toolConstraint } from './tool-grammar.js';
import { toolsText, turnText } from './tool-text.js';

/** Answers a chat of any dialect. */
@Injectable()
export class ChatService {
  constructor(
    private readonly generation: GenerationService,
    private readonly settings: Settings,
  ) {}

  /** Unsubscribing ends the generation. Refusals name `messages[i]` by the turn, `tools`, `tool_choice` or `constraint`. */
  answer(request: ChatRequest, record: GenerationRecord): Observable<ChatEvent> {
    return defer(() => {
      const { constraint } = request;
      if (!callsTools(request)) return this.generate(request, record, constraint, request.turns.map(textMessage));
      const { messages, toolsAt } = withTools(request);
      checkLengths([{ param: 'tools', text: messages[toolsAt]?.content ?? '' }], 'tools', this.settings);
      return this.generate(request, record, toolConstraint(request), messages).pipe(
        catchError((failure: unknown) => {
          throw failure instanceof OpenAIError ? ofTurns(failure, toolsAt, constraint === null) : failure;
        }),
        readToolCalls(request.n, request.toolChoice !== 'auto'),
      );
    });
  }

  /** The conversation as the model reads it, the tools' description with it. */
  messages(request: ChatRequest): TextMessage[] {
    return callsTools(request) ? withTools(request).messages : request.turns.map(textMessage);
  }

  private generate(
    { sampling, n, calculator, returnPrompt, tokenIds }: ChatRequest,
    record: GenerationRecord,
    constraint: ChatRequest['constraint'],
    messages: TextMessage[],
  ): ReturnType<GenerationService['generate']> {
    const request: GenerateRequest = {
      requestId: record.id,
      prompt: { messages },
      sampling,
      n,
      calculator: calculator ?? this.settings.calculator,
      ...(constraint === null ? {} : { constraint }),
      ...(calculator === null ? {} : { calculatorGiven: true }),
      ...(returnPrompt ? { echo: true } : {}),
      ...(tokenIds ? { tokenIds } : {}),
    };
    return this.generation.generate(request, record);
  }
}

const callsTools = ({ tools, toolChoice }: ChatRequest): boolean =>
  toolChoice !== 'none' && (tools.length > 0 || toolChoice !== 'auto');

const textMessage = (turn: ChatRequest['turns'][number]): TextMessage => ({
  role: turn.role === 'tool' ? 'user' : turn.role,
  content: turnText(turn),
});

/** The tools are described after the system's own words; a message of their own keeps to its own limit of length. */
function withTools({ turns, tools }: ChatRequest): { messages: TextMessage[]; toolsAt: number } {
  const messages = turns.map(textMessage);
  const firstOther = messages.findIndex(({ role }) => role !== 'system');
  const toolsAt = firstOther < 0 ? messages.length : firstOther;
  messages.splice(toolsAt, 0, { role: 'system', content: toolsText(tools) });
  return { messages, toolsAt };
}

/** The engine counts the tools' message; the client has none, and gave no grammar of ours. */
function ofTurns(failure: OpenAIError, toolsAt: number, grammarOfTools: boolean): OpenAIError {
  const { param } = failure;
  if (param === 'constraint' && grammarOfTools) return failure.renamed('tools');
  const index = /^messages\[(\d+)\]/.exec(param ?? '')?.[1];
  if (param === null || index === undefined || Number(index) < toolsAt) return failure;
  if (Number(index) === toolsAt) return failure.renamed('tools', `The tools' description: ${failure.message}`);
  return failure.renamed(param.replace(index, String(Number(index) - 1)));
}
