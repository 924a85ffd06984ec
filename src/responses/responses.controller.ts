import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiRoute } from '../api-docs/api-route.decorator.js';
import { OF_THE_ENGINE } from '../api-docs/error-responses.js';
import { Settings } from '../config/settings.js';
import { collectAnswer } from '../generation/collect-answer.js';
import { GenerationRecord } from '../generation/generation-record.js';
import { streamAnswer } from '../generation/stream-answer.js';
import { unsupportedParameter } from '../openai/error-catalogue.js';
import { RequestRecord } from '../openai/request-record.js';
import { CollectedResponse } from './collected-response.js';
import { CreateResponseDto, type ResponseRequest } from './create-response.dto.js';
import { ParseResponsePipe } from './parse-response.pipe.js';
import type { ResponseBody } from './response-body.js';
import { DELETED_RESPONSE, RESPONSE, RESPONSE_EVENT, RESPONSE_ID } from './response-schema.js';
import { ResponseWriter } from './response-writer.js';
import { ResponsesService } from './responses.service.js';

@Controller('v1/responses')
export class ResponsesController {
  constructor(
    private readonly service: ResponsesService,
    private readonly settings: Settings,
  ) {}

  @ApiRoute({
    summary: 'Answers input items',
    tag: 'Responses',
    body: CreateResponseDto,
    answer: RESPONSE,
    events: RESPONSE_EVENT,
    errors: OF_THE_ENGINE,
  })
  @Post()
  @HttpCode(200)
  async create(
    @Body(ParseResponsePipe) body: ResponseRequest,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const identity = this.service.identify(body);
    const stream = body.fields.stream ?? false;
    const http = RequestRecord.of(request.raw);
    const record = new GenerationRecord(identity.id, identity.model, stream, 1, http);
    http.describe(() => record.fields);
    const { events, response, keep } = this.service.answer(body, identity, record);
    if (stream) {
      await streamAnswer(events, new ResponseWriter(response, keep), request, reply, this.settings, record);
      return;
    }
    const answer = await collectAnswer(events, new CollectedResponse(response, keep), request);
    if (answer !== null) await reply.send(answer);
  }

  @ApiRoute({
    summary: 'A response that is kept',
    tag: 'Responses',
    parameters: { id: RESPONSE_ID },
    answer: RESPONSE,
    errors: [404],
  })
  @Get(':id')
  retrieve(@Param('id') id: string, @Query('stream') stream?: string): ResponseBody {
    if (stream === 'true') {
      throw unsupportedParameter('stream', 'A response that is kept can not be streamed again; retrieve it whole.');
    }
    return this.service.retrieve(id);
  }

  @ApiRoute({
    summary: 'Forgets a response',
    tag: 'Responses',
    parameters: { id: RESPONSE_ID },
    answer: DELETED_RESPONSE,
    errors: [404],
  })
  @Delete(':id')
  delete(@Param('id') id: string): { id: string; object: 'response'; deleted: true } {
    this.service.delete(id);
    return { id, object: 'response', deleted: true };
  }
}
