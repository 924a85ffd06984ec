import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiRoute } from '../api-docs/api-route.decorator.js';
import { OF_THE_ENGINE } from '../api-docs/error-responses.js';
import { Settings } from '../config/settings.js';
import { collectAnswer } from '../generation/collect-answer.js';
import { GenerationRecord } from '../generation/generation-record.js';
import { streamAnswer } from '../generation/stream-answer.js';
import { RequestRecord } from '../openai/request-record.js';
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
    const http = RequestRecord.of(request.raw);
    const record = new GenerationRecord(identity.id, body.model, body.stream ?? false, shape.n, http);
    http.describe(() => record.fields);
    const events = this.service.answer(body, record);
    if (!body.stream) {
      const answer = await collectAnswer(events, new CollectedAnswer(identity, shape), request);
      if (answer !== null) await reply.send(answer);
      return;
    }
    await streamAnswer(events, new ChunkWriter(identity, shape), request, reply, this.settings, record);
  }
}
