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
    const options =
      body instanceof TokenizeChatDto
        ? { assistantStart: body.add_generation_prompt ?? true }
        : { specials: body.add_special_tokens ?? true };
    const { tokenIds, tokenStrings } = await this.pool.tokenize(promptOf(body), this.models.own(body.model), options);
    return {
      count: tokenIds.length,
      max_model_len: this.models.of(body.model)?.contextLength ?? null,
      tokens: tokenIds,
      token_strs: body.return_token_strs ? tokenStrings : null,
    };
  }

  async detokenize({ model, tokens }: DetokenizeDto): Promise<{ prompt: string }> {
    this.generation.refuseEarly(model ?? OWN_NAME);
    try {
      return { prompt: await this.pool.detokenize(tokens, this.models.own(model)) };
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
