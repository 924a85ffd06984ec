import { map, type OperatorFunction } from 'rxjs';
import type { ChoiceChunk, GenerateEvent } from '../python-engine/worker.js';
import type { ChatChoice, ChatEvent } from './chat-event.js';
import { ToolCallParser } from './tool-call-parser.js';

/** Turns the text of tool calls into calls. `forced`: there is nothing but calls. */
export function readToolCalls(n: number, forced: boolean): OperatorFunction<GenerateEvent, ChatEvent> {
  const parsers = Array.from({ length: n }, () => new ToolCallParser(forced));
  return map((event) =>
    event.type === 'chunk'
      ? { type: 'chunk', choices: event.choices.map((choice) => read(choice, parsers[choice.index]!)) }
      : event,
  );
}

function read(choice: ChoiceChunk, parser: ToolCallParser): ChatChoice {
  const { text, toolCalls } = parser.push(choice.text);
  const ended = choice.finishReason !== null;
  return {
    ...choice,
    text: ended ? text + parser.rest() : text,
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    // Cut by a stop string within a call it is 'stop', since the call's arguments are no JSON.
    finishReason: choice.finishReason === 'stop' && parser.whole ? 'tool_calls' : choice.finishReason,
  };
}
