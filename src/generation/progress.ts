import type { ChoiceResume, GenerateEvent, GenerateRequest } from '../python-engine/worker.js';

type Usage = Extract<GenerateEvent, { type: 'usage' }>;

interface ChoiceProgress {
  tokenIds: number[];
  textOffset: number;
  finished: boolean;
}

/** How far a generation has come, over all the workers that it ran on; and so what is left of it to ask for. */
export class GenerationProgress {
  private readonly choices: ChoiceProgress[];
  private promptTokens: number | null = null;
  private promptTold = false;
  /** Tokens of choices that had finished before the present worker was asked. */
  private settled = 0;

  constructor(private readonly request: GenerateRequest) {
    this.choices = Array.from({ length: request.n }, () => ({ tokenIds: [], textOffset: 0, finished: false }));
  }

  /** Tokens of all choices so far. */
  get tokens(): number {
    return this.choices.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  }

  /** Whether the client may have something of the answer; an external engine's may be text without tokens. */
  get begun(): boolean {
    return this.choices.some(({ tokenIds, textOffset, finished }) => tokenIds.length > 0 || textOffset > 0 || finished);
  }

  /** Whether nothing is missing but the usage, and that can be counted. */
  get complete(): boolean {
    const counted = this.choices.every(({ tokenIds, textOffset }) => tokenIds.length > 0 || textOffset === 0);
    return Boolean(this.promptTokens) && counted && this.choices.every(({ finished }) => finished);
  }

  /** The event as the client is to see it; null for what it has seen already. */
  take(event: GenerateEvent): GenerateEvent | null {
    switch (event.type) {
      case 'admitted': {
        const first = this.promptTokens === null;
        this.promptTokens = event.promptTokens;
        return first ? event : null;
      }
      case 'prompt': {
        const told = this.promptTold;
        this.promptTold = true;
        return told ? null : event;
      }
      case 'chunk':
        for (const { index, tokenIds, textOffset, finishReason } of event.choices) {
          const choice = this.choices[index];
          if (choice === undefined) continue;
          for (const id of tokenIds) choice.tokenIds.push(id);
          choice.textOffset = textOffset;
          if (finishReason !== null) choice.finished = true;
        }
        return event;
      case 'usage':
        return { ...event, completionTokens: event.completionTokens + this.settled };
    }
  }

  /** What to ask the next worker for. */
  rest(): GenerateRequest {
    if (this.choices.every(({ tokenIds, finished }) => tokenIds.length === 0 && !finished)) return this.request;
    const open: ChoiceResume[] = [];
    this.settled = 0;
    this.choices.forEach(({ tokenIds, textOffset, finished }, index) => {
      if (finished) this.settled += tokenIds.length;
      else open.push({ index, tokenIds: [...tokenIds], textOffset });
    });
    return { ...this.request, resume: open };
  }

  /** The usage of a generation whose worker went away after its last token. */
  usage(): Usage {
    return { type: 'usage', promptTokens: this.promptTokens ?? 0, completionTokens: this.tokens, cachedTokens: 0 };
  }
}
