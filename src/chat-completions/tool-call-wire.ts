import type { ToolCallDelta } from '../chat/chat-event.js';

/** OpenAI's delta: the first of a call has its id, type and name. */
export const toolCallDelta = ({ index, id, name, arguments: json }: ToolCallDelta) => ({
  index,
  ...(id === undefined ? {} : { id, type: 'function' as const }),
  function: { ...(name === undefined ? {} : { name }), arguments: json },
});

export interface CollectedCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/** Adds a delta to the calls that came before. */
export function collectCall(calls: CollectedCall[], { index, id, name, arguments: json }: ToolCallDelta): void {
  const call = (calls[index] ??= { id: id ?? '', type: 'function', function: { name: name ?? '', arguments: '' } });
  call.function.arguments += json;
}
