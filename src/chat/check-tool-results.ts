import { invalidValue } from '../openai/error-catalogue.js';
import type { ChatTurn } from './chat-request.js';

/** Throws 400 for the result of a call that nobody made before it; `params` names the field of each turn. */
export function checkToolResults(turns: readonly ChatTurn[], params: readonly string[]): void {
  const calls = new Set<string>();
  turns.forEach((turn, index) => {
    if (turn.role === 'assistant') for (const { id } of turn.toolCalls) calls.add(id);
    if (turn.role !== 'tool' || calls.has(turn.toolCallId)) return;
    const param = params[index] ?? null;
    throw invalidValue(param, `Invalid '${param}': no tool call with the id '${turn.toolCallId}' comes before it.`);
  });
}
