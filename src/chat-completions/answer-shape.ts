import type { ChatChoice } from '../chat/chat-event.js';
import type { Settings } from '../config/settings.js';
import type { ChatCompletionRequest } from './chat-completion.dto.js';

/** What of an answer a request has asked for. */
export interface AnswerShape {
  n: number;
  usage: boolean;
  /** The usage so far with every chunk. */
  continuousUsage: boolean;
  logprobs: boolean;
  tokenIds: boolean;
  stopTokenIds: readonly number[];
  /** Whether the calculator's blocks, which are no text, may be among the tokens. */
  calculator: boolean;
  /** Whether there may be calls, beside which content is null. */
  tools: boolean;
  /** Whether the one call is of a tool that the client named. */
  named: boolean;
}

export function answerShape(body: ChatCompletionRequest, settings: Settings): AnswerShape {
  const { stream_options: options, tool_choice: choice } = body;
  return {
    n: body.n ?? 1,
    usage: options?.include_usage ?? false,
    continuousUsage: options?.continuous_usage_stats ?? false,
    logprobs: body.logprobs ?? false,
    tokenIds: body.return_token_ids ?? false,
    stopTokenIds: body.stop_token_ids ?? [],
    calculator: body.calculator ?? settings.calculator,
    tools: (body.tools?.length ?? 0) > 0 && choice !== 'none',
    named: typeof choice === 'object' && choice !== null,
  };
}

/** As OpenAI answers: a call of a tool that was named ends with 'stop', any other with 'tool_calls'. */
export const finishReasonOf = ({ finishReason }: ChatChoice, { named }: AnswerShape): ChatChoice['finishReason'] =>
  named && finishReason === 'tool_calls' ? 'stop' : finishReason;
