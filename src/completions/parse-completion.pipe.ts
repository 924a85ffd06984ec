import { Injectable, type PipeTransform } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { checkDto, isObject } from '../generation/check-dto.js';
import { checkFields, nested } from '../generation/check-fields.js';
import { checkGeneration } from '../generation/check-generation.js';
import { checkOldNames } from '../generation/client-extras.js';
import { GENERATION_FIELDS } from '../generation/generation.dto.js';
import { STREAM_OPTIONS_FIELDS, STREAM_OPTIONS_NEUTRAL, StreamOptionsDto } from '../generation/stream-options.dto.js';
import { structuredOutputs } from '../generation/structured-outputs.js';
import { invalidJson, invalidRequest, invalidValue, missingParameter } from '../openai/error-catalogue.js';
import { CompletionDto, type CompletionRequest } from './completion.dto.js';
import { COMPLETION_EXTRAS } from './completion-extras.js';
import { promptsOf } from './prompts.js';

/** OpenAI's default of this API. */
export const COMPLETION_MAX_TOKENS = 16;
const MOST_CHOICES = 128;
const MOST_TOKENS = 65_536;

const SUPPORTED: ReadonlySet<string> = new Set(
  [...GENERATION_FIELDS, 'prompt', 'echo', 'logprobs', 'best_of'].filter((name) => name !== 'calculator'),
);
const STREAM_OPTIONS = { supported: new Set<string>(STREAM_OPTIONS_FIELDS), neutral: STREAM_OPTIONS_NEUTRAL };

/** A parsed body in, a checked request out; the first thing wrong with it is thrown, naming its field. */
@Injectable()
export class ParseCompletionPipe implements PipeTransform<unknown, CompletionDto> {
  constructor(private readonly settings: Settings) {}

  transform(body: unknown): CompletionDto {
    if (!isObject(body)) throw invalidJson();
    checkOldNames(body);
    const fields = checkFields(body, SUPPORTED, COMPLETION_EXTRAS);
    for (const name of ['model', 'prompt']) if (fields[name] === undefined) throw missingParameter(name);
    const { prompt, stop, stream_options, structured_outputs } = fields;
    const dto = Object.assign(new CompletionDto(), fields, {
      prompt: promptsOf(prompt, this.settings.maxTotalChars),
      stream_options: nested(stream_options, StreamOptionsDto, STREAM_OPTIONS, 'stream_options.'),
      ...(typeof stop === 'string' ? { stop: [stop] } : {}),
      ...(isObject(structured_outputs) ? { structured_outputs: structuredOutputs(structured_outputs) } : {}),
    }) as CompletionDto;
    checkDto(dto);
    checkLimits(dto);
    return dto;
  }
}

/** What no single field can say. Throws 400. */
function checkLimits({ prompt, n: given, max_tokens, echo, best_of: bestOf, ...rest }: CompletionRequest): void {
  const [n, maxTokens] = [given ?? 1, max_tokens ?? COMPLETION_MAX_TOKENS];
  if (maxTokens === 0 && !echo) {
    throw invalidValue('max_tokens', "Invalid 'max_tokens': 0 is only allowed with 'echo'.");
  }
  if (bestOf != null && bestOf !== n) {
    throw invalidRequest("'best_of' is only supported at the value of 'n': every choice is returned.", 'best_of');
  }
  const choices = prompt.length * n;
  if (choices > MOST_CHOICES) {
    throw invalidValue('n', `Invalid 'n': ${choices} choices of all prompts are over the limit of ${MOST_CHOICES}.`);
  }
  if (choices * maxTokens > MOST_TOKENS) {
    const asked = `${choices} choices of ${maxTokens} tokens`;
    throw invalidValue('max_tokens', `Invalid 'max_tokens': ${asked} are over the limit of ${MOST_TOKENS} tokens.`);
  }
  checkGeneration({ ...rest, n }, maxTokens);
}
