import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ErrorDialects } from './error-dialects.js';
import { OpenAIError } from './openai-error.js';
import { RequestRecord } from './request-record.js';
import { toOpenAIError } from './to-openai-error.js';

/** The one place where a failure of whatever layer becomes an error body: OpenAI's, or that of the route's own dialect. */
@Catch()
export class OpenAIExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger('Failure');

  constructor(private readonly dialects: ErrorDialects) {}

  catch(failure: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const path = request.url.split('?', 1)[0]?.slice(0, 200) ?? '';
    const error = toOpenAIError(failure, {
      method: request.method,
      path,
      bodyLimitBytes: request.server.initialConfig.bodyLimit ?? 0,
    });
    if (!(failure instanceof OpenAIError) && error.status >= 500) {
      this.logger.error({ message: 'unexpected failure', request_id: request.id, stack: stackOf(failure) });
    }
    RequestRecord.of(request.raw).describe(() => ({ error_code: error.code, error_param: error.param }));
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy(); // half an answer is out: better a cut than a false end
      return;
    }
    const { status, headers, body } = this.dialects.told(error, path, request.id);
    void reply.status(status).headers(headers).send(body);
  }
}

function stackOf(failure: unknown): string {
  return failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
}
