import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiRoute } from '../api-docs/api-route.decorator.js';
import { Settings } from '../config/settings.js';
import { openRecord, sendAnswer } from '../generation/send-answer.js';
import { CreateMessageDto, MessagePromptDto } from './create-message.dto.js';
import { newMessage } from './message-body.js';
import { MessageEvents } from './message-events.js';
import { MESSAGE, MESSAGE_EVENT, MESSAGES_ERROR, MESSAGES_ERRORS, TOKEN_COUNT } from './message-schema.js';
import { MessageWriter } from './message-writer.js';
import { MessagesService } from './messages.service.js';
import { ParseCountPipe, ParseMessagePipe } from './parse-message.pipe.js';
import type { MessageRequest } from './to-chat-request.js';

/** The header in which Anthropic's SDKs look for a request's id. */
const REQUEST_ID = 'request-id';

@Controller('v1/messages')
export class MessagesController {
  constructor(
    private readonly service: MessagesService,
    private readonly settings: Settings,
  ) {}

  @ApiRoute({
    summary: "Answers a chat in Anthropic's dialect",
    tag: 'Messages',
    body: CreateMessageDto,
    answer: MESSAGE,
    events: MESSAGE_EVENT,
    errors: MESSAGES_ERRORS,
    errorBody: MESSAGES_ERROR,
  })
  @Post()
  @HttpCode(200)
  async create(
    @Body(ParseMessagePipe) body: MessageRequest,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const identity = this.service.identify(body);
    const record = openRecord(request, identity, body);
    const message = newMessage(identity.id, identity.model);
    reply.raw.setHeader(REQUEST_ID, request.id); // a stream sends the headers of the raw response
    await sendAnswer({ request, reply, settings: this.settings }, record, this.service.answer(body, record), {
      writer: () => new MessageWriter(message, request.id),
      collector: () => new MessageEvents(message),
    });
  }

  @ApiRoute({
    summary: 'The tokens of a message to create',
    tag: 'Messages',
    body: MessagePromptDto,
    answer: TOKEN_COUNT,
    errors: MESSAGES_ERRORS,
    errorBody: MESSAGES_ERROR,
  })
  @Post('count_tokens')
  @HttpCode(200)
  async count(
    @Body(ParseCountPipe) body: MessageRequest,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const input_tokens = await this.service.count(body);
    await reply.header(REQUEST_ID, request.id).send({ input_tokens });
  }
}
