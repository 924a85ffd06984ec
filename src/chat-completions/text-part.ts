/** One part of a message's content; text is the only kind there is here. */
export interface TextPart {
  type: 'text';
  text: string;
}
