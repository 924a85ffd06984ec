import type { ChoiceChunk, Prompt } from '../python-engine/worker.js';

/** Characters of a prompt and of each answer that a line of the log shows. */
const SHOWN = 2000;
const MESSAGES_SHOWN = 20;

/** Prompt and answers of one generation for the log, cut to a length to read. Only where LOG_CONTENT=true. */
export class ContentLog {
  private readonly answers: { text: string; left: number }[] = [];

  constructor(private readonly prompt: Prompt) {}

  take(choices: readonly ChoiceChunk[]): void {
    for (const { index, text } of choices) {
      const answer = (this.answers[index] ??= { text: '', left: 0 });
      const room = SHOWN - answer.text.length;
      answer.text += text.slice(0, room);
      answer.left += Math.max(0, text.length - room);
    }
  }

  get fields(): Record<string, unknown> {
    return {
      prompt: told(this.prompt),
      answers: this.answers.map(({ text, left }) => (left === 0 ? text : `${text}… (${left} more)`)),
    };
  }
}

function told(prompt: Prompt): unknown {
  if ('text' in prompt) return cut(prompt.text);
  if ('tokenIds' in prompt) return `${prompt.tokenIds.length} token ids`;
  // The newest say most; each message before them is in an earlier line.
  const shown = prompt.messages.slice(-MESSAGES_SHOWN);
  return shown.map(({ role, content }) => ({ role, content: cut(content) }));
}

const cut = (text: string): string =>
  text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}… (${text.length - SHOWN} more)`;
