import type { TextPart } from './text-part.js';

/** The text of a message's content; parts follow one another without a gap. */
export function textOf(content: string | TextPart[]): string {
  return typeof content === 'string' ? content : content.map((part) => part.text).join('');
}
