import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiRoute } from '../api-docs/api-route.decorator.js';
import { OF_TOKENS } from '../api-docs/error-responses.js';
import { arrayOf, COUNT, ids, objectOf, orNull, STRING } from '../api-docs/schema.js';
import { DetokenizeDto } from './detokenize.dto.js';
import { ParseDetokenizePipe, ParseTokenizePipe } from './parse-tokenize.pipe.js';
import { TokenizeChatDto, TokenizePromptDto, type TokenizeRequest } from './tokenize.dto.js';
import { type Tokenized, TokenizeService } from './tokenize.service.js';

const TOKENIZED = objectOf({
  count: COUNT,
  max_model_len: orNull(COUNT),
  tokens: ids(),
  token_strs: orNull(arrayOf(STRING)),
});

/**
 * vLLM's, by which lm-eval finds that it can tokenize here. Its special tokens are null: none can be written as text, and a
 * client that encoded a name would get the tokens of its letters.
 */
const TOKENIZER_INFO = { tokenizer_class: 'nanochat', bos_token: null, eos_token: null } as const;

@Controller()
export class TokenizeController {
  constructor(private readonly service: TokenizeService) {}

  @ApiRoute({
    summary: 'The tokens of a text or of a chat',
    tag: 'Tokens',
    body: [TokenizePromptDto, TokenizeChatDto],
    answer: TOKENIZED,
    errors: OF_TOKENS,
  })
  @Post('tokenize')
  @HttpCode(200)
  tokenize(@Body(ParseTokenizePipe) body: TokenizeRequest): Promise<Tokenized> {
    return this.service.tokenize(body);
  }

  @ApiRoute({
    summary: 'The text of tokens',
    tag: 'Tokens',
    body: DetokenizeDto,
    answer: objectOf({ prompt: STRING }),
    errors: OF_TOKENS,
  })
  @Post('detokenize')
  @HttpCode(200)
  detokenize(@Body(ParseDetokenizePipe) body: DetokenizeDto): Promise<{ prompt: string }> {
    return this.service.detokenize(body);
  }

  @ApiRoute({
    summary: 'What a client of /tokenize has to know of the tokenizer',
    tag: 'Tokens',
    answer: objectOf({ tokenizer_class: STRING, bos_token: { type: 'null' }, eos_token: { type: 'null' } }),
  })
  @Get('tokenizer_info')
  tokenizerInfo(): typeof TOKENIZER_INFO {
    return TOKENIZER_INFO;
  }
}
