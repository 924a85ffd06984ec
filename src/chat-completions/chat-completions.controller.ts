import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiRoute } from '../api-docs/api-route.decorator.js';
import { OF_THE_ENGINE } from '../api-docs/error-responses.js';
import { Settings } from '../config/settings.js';
import { openRecord, sendAnswer } from '../generation/send-answer.js';
import { answerShape } from './answer-shape.js';
import { CHAT_COMPLETION, CHAT_COMPLETION_CHUNK } from './chat-answer.js';
import { ChatCompletionDto } from './chat-completion.dto.js';
import { ChatCompletionsService } from './chat-completions.service.js';
import { ChunkWriter } from './chunk-writer.js';
import { CollectedAnswer } from './collected-answer.js';
import { ParseChatCompletionPipe } from './parse-chat-completion.pipe.js';

@Controller()
export class ChatCompletionsController {
  constructor(
    private readonly service: ChatCompletionsService,
    private readonly settings: Settings,
  ) {}

  @ApiRoute({
    summary: 'Answers a chat',
    tag: 'Chat completions',
    body: ChatCompletionDto,
    answer: CHAT_COMPLETION,
    events: CHAT_COMPLETION_CHUNK,
    errors: OF_THE_ENGINE,
  })
  @Post(['v1/chat/completions', 'chat/completions'])
  @HttpCode(200)
  async create(
    @Body(ParseChatCompletionPipe) body: ChatCompletionDto,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const identity = this.service.identify(body);
    const shape = answerShape(body, this.settings);
    const record = openRecord(request, identity, { stream: body.stream, n: shape.n });
    await sendAnswer({ request, reply, settings: this.settings }, record, this.service.answer(body, record), {
      writer: () => new ChunkWriter(identity, shape),
      collector: () => new CollectedAnswer(identity, shape),
    });
  }
}
