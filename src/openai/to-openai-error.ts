import { HttpException } from '@nestjs/common';
import { internal, malformedRequest, payloadTooLarge, unknownRoute, unsupportedMediaType } from './error-catalogue.js';
import { OpenAIError } from './openai-error.js';

export interface FailedRequest {
  method: string;
  path: string;
  bodyLimitBytes: number;
}

/** What any failure of any layer means to a client. What is not known to be the client's doing is a 500 that tells nothing. */
export function toOpenAIError(failure: unknown, request: FailedRequest): OpenAIError {
  if (failure instanceof OpenAIError) return failure;
  const status = statusOf(failure);
  if (status === null || status < 400 || status >= 500) return internal(failure);
  if (status === 404) return unknownRoute(request.method, request.path);
  if (status === 413) return payloadTooLarge(request.bodyLimitBytes);
  if (status === 415) return unsupportedMediaType();
  const message = failure instanceof Error ? failure.message : 'The request is not valid.';
  return status === 400 ? malformedRequest(message) : new OpenAIError({ status, message });
}

/** For a stream, whose failures have no request to speak of. */
export const asOpenAIError = (failure: unknown): OpenAIError =>
  failure instanceof OpenAIError ? failure : internal(failure);

function statusOf(failure: unknown): number | null {
  if (failure instanceof HttpException) return failure.getStatus();
  // Fastify's own errors carry their status.
  const status = failure instanceof Error ? (failure as Error & { statusCode?: unknown }).statusCode : null;
  return typeof status === 'number' ? status : null;
}
