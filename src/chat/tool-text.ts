import type { ChatTurn, ToolCall, ToolDefinition } from './chat-request.js';

/** What begins and ends a call in the model's text, as Hermes and Qwen have it. */
export const CALL_START = '<tool_call>';
export const CALL_END = '</tool_call>';

/** A call's text up to its arguments. Names need no escaping: every dialect bounds them to letters, digits, _ and -. */
export const callHead = (name: string): string => `${CALL_START}{"name":"${name}","arguments":`;
export const CALL_TAIL = `}${CALL_END}`;

/** The system text that makes the tools known to a model that was never trained for them. */
export function toolsText(tools: readonly ToolDefinition[]): string {
  const lines = tools.map(({ name, description, parameters }) =>
    JSON.stringify({ name, ...(description === null ? {} : { description }), parameters: parameters ?? {} }),
  );
  return [
    'You can call these tools:',
    ...lines,
    `To call one, answer with ${CALL_START}{"name":"<name>","arguments":{...}}${CALL_END} and nothing else.`,
  ].join('\n');
}

/** A turn as the model reads it; a call reads as it was generated, so that its prefix is found again in the cache. */
export function turnText(turn: ChatTurn): string {
  if (turn.role === 'tool') return `<tool_response>${turn.text}</tool_response>`;
  return turn.role === 'assistant' ? turn.text + turn.toolCalls.map(callText).join('') : turn.text;
}

const callText = ({ name, arguments: json }: ToolCall): string => callHead(name) + json + CALL_TAIL;
