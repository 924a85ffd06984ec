import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OPENAI_VERSION } from './answer-headers.js';
import { expectationFailed, headersTooLarge, malformedRequest, requestTimeout } from './error-catalogue.js';
import type { OpenAIError } from './openai-error.js';
import { requestIdOf } from './request-id.js';

/** No time has been spent on what could not be read. */
const FIXED_HEADERS = { 'openai-version': OPENAI_VERSION, 'openai-processing-ms': '0' };

const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers what is not HTTP, or came too slowly: there is no request yet that a filter could see. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const answering = (socket as Socket & { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent === true;
  if (socket.writable && !answering) socket.write(rawAnswer(openAIErrorOf(error.code)));
  socket.destroySoon();
}

/** Answers what the router can't read (a malformed URL); it runs before any hook. */
export function answerFrameworkError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const { status, body } = malformedRequest(error.message);
  void reply
    .code(status)
    .headers({ 'x-request-id': request.id, ...FIXED_HEADERS })
    .send(body);
}

/** Answers an `expect` header other than 100-continue, which no route ever sees. */
export function answerExpectation(request: IncomingMessage, response: ServerResponse): void {
  const { status, body } = expectationFailed();
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': JSON_TYPE,
    'content-length': Buffer.byteLength(text),
    ...FIXED_HEADERS,
    'x-request-id': requestIdOf(request),
    connection: 'close',
  });
  response.end(text);
}

function openAIErrorOf(code: string | undefined): OpenAIError {
  if (code === 'HPE_HEADER_OVERFLOW') return headersTooLarge();
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return requestTimeout();
  return malformedRequest('The request is not valid HTTP.');
}

function rawAnswer(error: OpenAIError): string {
  const body = JSON.stringify(error.body);
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    `content-type: ${JSON_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: req_${randomUUID().replaceAll('-', '')}`,
    ...Object.entries({ ...FIXED_HEADERS, ...error.headers }).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
