import { contextLengthExceeded } from '../../openai/error-catalogue.js';
import { OpenAIError } from '../../openai/openai-error.js';

const DEFAULT_RETRY_SECONDS = 1;
const MOST_RETRY_SECONDS = 120;
const CONTEXT = /maximum context length|context_length_exceeded|exceed_context_size|exceeds? the available context/i;

const MOST_TOLD = 300;

const OF_THE_REQUEST: readonly number[] = [400, 413, 422];

/** What went wrong with an engine. Its own words are for the log alone: they may repeat what was asked. */
export class EngineFault extends Error {
  constructor(
    readonly brief: string,
    told: string | undefined,
    /** It is well: it has too much to do, or can not do what was asked. */
    readonly well = false,
  ) {
    super(told === undefined ? brief : `${brief}: ${told.slice(0, MOST_TOLD)}`);
  }
}

interface Told {
  message: string;
  code: string | null;
  param: string | null;
  /** llama-server's word for what is wrong. */
  type: string;
}

/**
 * What an external engine answered instead of a 200, as the client is to see it. What the request caused passes on; all else
 * is between the operator and the engine: 503, with the engine's own words as the cause, for the log.
 */
export function externalRefusal(status: number, body: string, retryAfter?: string): OpenAIError {
  const told = toldIn(parsed(body));
  if (OF_THE_REQUEST.includes(status)) return ofTheRequest(status === 413 ? 413 : 400, told);
  const seconds = Number(retryAfter);
  const cause = new EngineFault(`it answered ${status}`, told?.message, status === 429);
  return new OpenAIError({
    ...{ status: 503, code: 'engine_unavailable', message: messageOf(status), cause },
    retryAfterSeconds:
      Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, MOST_RETRY_SECONDS) : DEFAULT_RETRY_SECONDS,
  });
}

/** An error in mid-stream; null for any other chunk. */
export function inStreamError(chunk: unknown): OpenAIError | null {
  const { error, object } = chunk as { error?: unknown; object?: unknown };
  if (error == null && object !== 'error') return null;
  // vLLM sends what is wrong with a request in this way once its 200 is out.
  const { code } = (error ?? chunk) as { code?: unknown };
  if (OF_THE_REQUEST.includes(Number(code))) return ofTheRequest(400, toldIn(chunk));
  const cause = new EngineFault('it failed in mid-stream', toldIn(chunk)?.message ?? JSON.stringify(error));
  const message = 'The engine failed in the middle of its answer.';
  return new OpenAIError({ status: 503, code: 'engine_unavailable', message, retryAfterSeconds: 1, cause });
}

function ofTheRequest(status: number, told: Told | null): OpenAIError {
  if (told === null) return new OpenAIError({ status, message: 'The engine refused the request and did not say why.' });
  const { message, code, param, type } = told;
  if (CONTEXT.test(`${code} ${type} ${message}`)) return contextLengthExceeded(message, param ?? 'messages');
  return new OpenAIError({ status, message, code, param });
}

function messageOf(status: number): string {
  if (status === 401 || status === 403) return 'The engine refuses this server; its operator has to look at the log.';
  if (status === 429) return 'The engine is busy.';
  return status >= 500 ? 'The engine failed.' : 'The engine does not answer as an OpenAI-compatible one does.';
}

/** OpenAI's error body, vLLM's old one without `error`, or FastAPI's `detail`. */
function toldIn(body: unknown): Told | null {
  if (typeof body !== 'object' || body === null) return null;
  const { error, detail } = body as { error?: unknown; detail?: unknown };
  const plain = { code: null, param: null, type: '' };
  if (typeof error === 'string') return { ...plain, message: error };
  if (detail !== undefined && error === undefined) return { ...plain, message: textOf(detail) };
  const { message, code, param, type } = (error ?? body) as Record<string, unknown>;
  if (typeof message !== 'string') return null;
  return { message, code: word(code), param: word(param), type: word(type) ?? '' };
}

const word = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const textOf = (detail: unknown): string => (typeof detail === 'string' ? detail : JSON.stringify(detail));

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
