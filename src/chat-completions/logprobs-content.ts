import type { ChatChoice } from '../chat/chat-event.js';
import { finiteLogprob, isSpecial, tokenText } from '../generation/logprobs.js';
import type { TokenLogprob } from '../python-engine/worker.js';
import type { AnswerShape } from './answer-shape.js';

const BLOCK_STARTS: readonly string[] = ['<|python_start|>', '<|output_start|>'];

/** OpenAI's `logprobs.content` of one choice, piece by piece: the tokens of the text, without what ends or surrounds it. */
export class LogprobsContent {
  private inBlock = false;

  constructor(private readonly shape: AnswerShape) {}

  of({ logprobs = [], finishReason }: ChatChoice) {
    const ends = finishReason === 'stop' && this.shape.stopTokenIds.includes(logprobs.at(-1)?.id ?? -1);
    const own = ends ? logprobs.slice(0, -1) : logprobs;
    return own
      .filter((entry) => this.isText(entry))
      .map(({ top, ...entry }) => ({
        ...entryOf(entry),
        top_logprobs: top.map(entryOf),
      }));
  }

  private isText(entry: TokenLogprob): boolean {
    if (!isSpecial(entry)) return !this.inBlock;
    this.inBlock = this.shape.calculator && BLOCK_STARTS.includes(tokenText(entry.bytes));
    return false;
  }
}

const entryOf = ({ bytes, logprob }: TokenLogprob) => ({
  token: tokenText(bytes),
  logprob: finiteLogprob(logprob),
  bytes,
});
