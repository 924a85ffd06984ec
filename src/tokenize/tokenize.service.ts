import { Injectable } from '@nestjs/common';
import { GenerationService } from '../generation/generation.service.js';
import { OpenAIError } from '../openai/openai-error.js';
import { OWN_NAME, ServedModels } from '../python-engine/served-models.js';
import type { TokenizablePrompt } from '../python-engine/worker.js';
import { WorkerPool } from '../python-engine/worker-pool.js';
import { DetokenizeDto } from './detokenize.dto.js';
import { TokenizeChatDto, type TokenizeRequest } from './tokenize.dto.js';

/** vLLM's answer. */
export interface Tokenized {
  count: number;
  max_model_len: number | null;
  tokens: number[];
  token_strs: string[] | null;
}

/** Texts in tokens and back, by the tokenizer of the model that is served. They wait in no queue: nothing is generated. */
@Injectable()
export class TokenizeService {
  constructor(
    private readonly generation: GenerationService,
    private readonly pool: WorkerPool,
    private readonly models: ServedModels,
  ) {}

  async tokenize(body: TokenizeRequest): Promise<Tokenized> {
    this.generation.refuseEarly(body.model ?? OWN_NAME);
    const { tokenIds, tokenStrings } = await this.pool.tokenize(promptOf(body));
    const [from, to] = wanted(body, tokenIds.length);
    return {
      count: to - from,
      max_model_len: this.models.model?.contextLength ?? null,
      tokens: tokenIds.slice(from, to),
      token_strs: body.return_token_strs ? tokenStrings.slice(from, to) : null,
    };
  }

  async detokenize({ model, tokens }: DetokenizeDto): Promise<{ prompt: string }> {
    this.generation.refuseEarly(model ?? OWN_NAME);
    try {
      return { prompt: await this.pool.detokenize(tokens) };
    } catch (failure) {
      if (!(failure instanceof OpenAIError) || failure.param !== 'token_ids') throw failure;
      throw failure.renamed('tokens', failure.message.replaceAll('token_ids', 'tokens'));
    }
  }
}

function promptOf(body: TokenizeRequest): TokenizablePrompt {
  if (!(body instanceof TokenizeChatDto)) return { text: body.prompt };
  return {
    messages: body.messages.map(({ role, content }) => ({ role: role === 'developer' ? 'system' : role, content })),
  };
}

/** The engine's ids begin with `<|bos|>`, and those of a chat end with the assistant's start: both can be left out. */
function wanted(body: TokenizeRequest, length: number): [from: number, to: number] {
  if (body instanceof TokenizeChatDto) return [0, body.add_generation_prompt === false ? length - 1 : length];
  return [body.add_special_tokens === false ? 1 : 0, length];
}
