import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiRoute } from '../api-docs/api-route.decorator.js';
import { OF_THE_ENGINE } from '../api-docs/error-responses.js';
import { Settings } from '../config/settings.js';
import { openRecord, sendAnswer } from '../generation/send-answer.js';
import { CollectedCompletion } from './collected-completion.js';
import { COMPLETION, COMPLETION_CHUNK } from './completion-answer.js';
import { CompletionDto } from './completion.dto.js';
import { completionShape } from './completion-shape.js';
import { CompletionWriter } from './completion-writer.js';
import { CompletionsService } from './completions.service.js';
import { ParseCompletionPipe } from './parse-completion.pipe.js';

@Controller()
export class CompletionsController {
  constructor(
    private readonly service: CompletionsService,
    private readonly settings: Settings,
  ) {}

  @ApiRoute({
    summary: 'Goes on from a text or from token ids',
    tag: 'Completions',
    body: CompletionDto,
    answer: COMPLETION,
    events: COMPLETION_CHUNK,
    errors: OF_THE_ENGINE,
  })
  @Post(['v1/completions', 'completions'])
  @HttpCode(200)
  async create(
    @Body(ParseCompletionPipe) body: CompletionDto,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const identity = this.service.identify(body);
    const shape = completionShape(body);
    const record = openRecord(request, identity, { stream: body.stream, n: shape.prompts * shape.n });
    await sendAnswer({ request, reply, settings: this.settings }, record, this.service.answer(body, record), {
      writer: () => new CompletionWriter(identity, shape),
      collector: () => new CollectedCompletion(identity, shape),
    });
  }
}
