import { OpenAIError } from '../../openai/openai-error.js';
import { engineFailed } from '../../openai/error-catalogue.js';
import type { Calculation, ChoiceChunk, GenerateEvent, PromptTokenLogprobs, TokenLogprobs } from '../worker.js';
import { engineRefusal, parseErrorBody } from './engine-refusal.js';
import type { AnswerFormat } from './generate-exchange.js';
import { jsonObject } from './json-object.js';

interface WireChoice {
  index: number;
  token_ids: number[];
  text: string;
  text_offset: number;
  finish_reason: ChoiceChunk['finishReason'];
  stop?: string;
  logprobs?: TokenLogprobs[];
  calculations?: Calculation[];
}

interface WireLine {
  choices?: WireChoice[];
  prompt?: { token_ids: number[]; text: string; logprobs: PromptTokenLogprobs[] | null };
  usage?: { prompt_tokens: number; completion_tokens: number; cached_tokens: number };
  error?: unknown;
}

const WORKER_GONE: readonly string[] = ['engine_unavailable', 'model_loading', 'shutting_down'];

/** Of the engine's own dialect; `worker` is told with each admission. */
export const generateFormat = (worker: string): AnswerFormat => ({
  admitted: (headers) => ({ type: 'admitted', promptTokens: Number(headers['x-prompt-tokens'] ?? 0), worker }),
  line: (text) => {
    const event = parseGenerateLine(text);
    return { events: [event], whole: event.type === 'usage' };
  },
  refusal: engineRefusal,
});

/** One line of the answer of `POST /generate` as an event. Throws OpenAIError for an error line and for no line at all. */
export function parseGenerateLine(text: string): Exclude<GenerateEvent, { type: 'admitted' }> {
  const line = jsonObject<WireLine>(text, 'The engine sent a line that is not JSON.');
  if (Array.isArray(line.choices)) return { type: 'chunk', choices: line.choices.map(choice) };
  if (line.prompt) {
    const { token_ids: tokenIds, text: promptText, logprobs } = line.prompt;
    return { type: 'prompt', tokenIds, text: promptText, logprobs };
  }
  if (line.usage) {
    const { prompt_tokens, completion_tokens, cached_tokens } = line.usage;
    return {
      type: 'usage',
      promptTokens: prompt_tokens,
      completionTokens: completion_tokens,
      cachedTokens: cached_tokens ?? 0,
    };
  }
  const error = parseErrorBody(line);
  if (error === null)
    throw engineFailed('The engine sent a line that is neither choices, a prompt, usage nor an error.');
  // The 200 is long gone, so the status says only whether another worker, or this one later, can do better.
  const gone = WORKER_GONE.includes(error.code ?? '');
  throw new OpenAIError({ status: gone ? 503 : 500, type: 'server_error', ...error });
}

function choice(wire: WireChoice): ChoiceChunk {
  return {
    index: wire.index,
    tokenIds: wire.token_ids,
    text: wire.text,
    textOffset: wire.text_offset,
    finishReason: wire.finish_reason ?? null,
    ...(wire.stop === undefined ? {} : { stop: wire.stop }),
    ...(wire.logprobs === undefined ? {} : { logprobs: wire.logprobs }),
    ...(wire.calculations === undefined ? {} : { calculations: wire.calculations }),
  };
}
