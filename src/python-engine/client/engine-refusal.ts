import { OpenAIError } from '../../openai/openai-error.js';
import { engineUnavailable, internal } from '../../openai/error-catalogue.js';

/** Refusals that the client's request caused, or that time will mend; any other is a fault between us and the engine. */
const CLIENTS_BUSINESS: readonly number[] = [400, 413, 429, 503];
const DEFAULT_RETRY_SECONDS = 1;

/** What the engine answered instead of a 200, as the client is to see it: same status, type, code and param. */
export function engineRefusal(status: number, body: string, retryAfter: string | undefined): OpenAIError {
  const error = parseErrorBody(parse(body));
  if (error === null) {
    const told = `The engine answered ${status} without an error body.`;
    return status === 503 ? engineUnavailable(told) : internal(new Error(told));
  }
  if (!CLIENTS_BUSINESS.includes(status)) {
    return internal(new Error(`the engine answered ${status} ${error.code ?? ''}: ${error.message}`));
  }
  const seconds = Number(retryAfter);
  return new OpenAIError({
    status,
    ...error,
    ...(status === 429 || status === 503
      ? { retryAfterSeconds: Number.isFinite(seconds) && seconds > 0 ? seconds : DEFAULT_RETRY_SECONDS }
      : {}),
  });
}

/** The parts of OpenAI's error body, null when it is none. */
export function parseErrorBody(body: unknown): { message: string; code: string | null; param: string | null } | null {
  if (typeof body !== 'object' || body === null || !('error' in body)) return null;
  const error = body.error;
  if (typeof error !== 'object' || error === null || !('message' in error)) return null;
  const { message, code, param } = error as Record<string, unknown>;
  if (typeof message !== 'string') return null;
  return {
    message,
    code: typeof code === 'string' ? code : null,
    param: typeof param === 'string' ? param : null,
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
