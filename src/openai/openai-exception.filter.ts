import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OpenAIError } from './openai-error.js';
import { RequestRecord } from './request-record.js';
import { toOpenAIError } from './to-openai-error.js';

/** The one place where a failure of whatever layer becomes OpenAI's error body. */
@Catch()
export class OpenAIExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger('Failure');

  catch(failure: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = toOpenAIError(failure, {
      method: request.method,
      path: request.url.split('?', 1)[0]?.slice(0, 200) ?? '',
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
    void reply.status(error.status).headers(error.headers).send(error.body);
  }
}

function stackOf(failure: unknown): string {
  return failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
}
