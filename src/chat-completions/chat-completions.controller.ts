import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Settings } from '../config/settings.js';
import { RequestRecord } from '../openai/request-record.js';
import { ChatCompletionDto } from './chat-completion.dto.js';
import { ChatCompletionsService } from './chat-completions.service.js';
import { ChunkWriter } from './chunk-writer.js';
import { collectAnswer } from './collect-answer.js';
import { CollectedAnswer } from './collected-answer.js';
import { GenerationRecord } from './generation-record.js';
import { ParseChatCompletionPipe } from './parse-chat-completion.pipe.js';
import { streamAnswer } from './stream-answer.js';

@Controller()
export class ChatCompletionsController {
  constructor(
    private readonly service: ChatCompletionsService,
    private readonly settings: Settings,
  ) {}

  @Post(['v1/chat/completions', 'chat/completions'])
  @HttpCode(200)
  async create(
    @Body(ParseChatCompletionPipe) body: ChatCompletionDto,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const identity = this.service.identify(body);
    const n = body.n ?? 1;
    const record = new GenerationRecord(identity.id, body.model, body.stream ?? false, n);
    RequestRecord.of(request.raw).describe(() => record.fields);
    const events = this.service.generate(body, record);
    if (!body.stream) {
      const answer = await collectAnswer(events, new CollectedAnswer(identity, n), request);
      if (answer !== null) await reply.send(answer);
      return;
    }
    const { pingSeconds, clientBufferBytes, clientStallSeconds } = this.settings;
    await streamAnswer(
      events,
      new ChunkWriter(identity, n, body.stream_options?.include_usage ?? false),
      request,
      reply,
      {
        pingMs: pingSeconds * 1000,
        bufferBytes: clientBufferBytes,
        stallMs: clientStallSeconds * 1000,
        onCutOff: () => record.end('cut_off'),
      },
    );
  }
}
