import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiRoute } from '../api-docs/api-route.decorator.js';
import { OF_THE_ENGINE } from '../api-docs/error-responses.js';
import { Settings } from '../config/settings.js';
import { openRecord, sendAnswer } from '../generation/send-answer.js';
import { unsupportedParameter } from '../openai/error-catalogue.js';
import { RequestRecord } from '../openai/request-record.js';
import { CreateResponseDto, type ResponseRequest } from './create-response.dto.js';
import { ParseResponsePipe } from './parse-response.pipe.js';
import type { ResponseBody } from './response-body.js';
import { DELETED_RESPONSE, RESPONSE, RESPONSE_EVENT, RESPONSE_ID } from './response-schema.js';
import { ResponseEvents } from './response-events.js';
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
    const record = openRecord(request, identity, body.fields);
    const { events, response, keep } = this.service.answer(body, identity, record);
    await sendAnswer({ request, reply, settings: this.settings }, record, events, {
      writer: () => new ResponseWriter(response, keep),
      collector: () => new ResponseEvents(response, keep),
    });
  }

  @ApiRoute({
    summary: 'A response that is kept',
    tag: 'Responses',
    parameters: { id: RESPONSE_ID },
    answer: RESPONSE,
    errors: [404],
  })
  @Get(':id')
  retrieve(@Param('id') id: string, @Req() request: FastifyRequest, @Query('stream') stream?: string): ResponseBody {
    if (stream === 'true') {
      throw unsupportedParameter('stream', 'A response that is kept can not be streamed again; retrieve it whole.');
    }
    return this.service.retrieve(callerOf(request), id);
  }

  @ApiRoute({
    summary: 'Forgets a response',
    tag: 'Responses',
    parameters: { id: RESPONSE_ID },
    answer: DELETED_RESPONSE,
    errors: [404],
  })
  @Delete(':id')
  delete(@Param('id') id: string, @Req() request: FastifyRequest): { id: string; object: 'response'; deleted: true } {
    this.service.delete(callerOf(request), id);
    return { id, object: 'response', deleted: true };
  }
}

const callerOf = (request: FastifyRequest): string => RequestRecord.of(request.raw).caller.name;
