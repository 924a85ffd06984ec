import type { TextPart } from './text-part.js';

/** The text of a message's content; parts follow one another without a gap, and beside tool calls there may be none. */
export function textOf(content: string | TextPart[] | null | undefined): string {
  if (content == null) return '';
  return typeof content === 'string' ? content : content.map((part) => part.text).join('');
}
