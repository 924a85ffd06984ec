import type { ToldError } from '../openai/error-dialects.js';
import type { OpenAIError } from '../openai/openai-error.js';

/** Anthropic's own status: the server has too much to do. Its 429 is for a limit of the caller's own. */
const OVERLOADED = 529;

const TYPES: ReadonlyMap<number, string> = new Map([
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [OVERLOADED, 'overloaded_error'],
]);

/** A failure in Anthropic's shape, with the header in which its SDKs look for the request's id. */
export function messagesError(error: OpenAIError, requestId: string): ToldError {
  const status = statusOf(error);
  return {
    status,
    headers: { ...error.headers, 'request-id': requestId },
    body: {
      type: 'error',
      error: { type: typeOf(status), message: error.message },
      request_id: requestId,
    },
  };
}

function statusOf({ status, code }: OpenAIError): number {
  if (code === 'queue_full' || code === 'queue_timeout') return OVERLOADED;
  return code === 'engine_timeout' || code === 'request_timeout' ? 504 : status;
}

function typeOf(status: number): string {
  return TYPES.get(status) ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}
