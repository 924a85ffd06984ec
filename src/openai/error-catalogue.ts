import { OpenAIError } from './openai-error.js';

/** Every failure that a client can be told of, with its status and code; nothing else makes an OpenAIError. */

// 400: the caller can mend it.
export const invalidRequest = (message: string, param: string | null = null): OpenAIError =>
  new OpenAIError({ status: 400, message, param });

export const invalidValue = (param: string | null, message: string): OpenAIError =>
  new OpenAIError({ status: 400, code: 'invalid_value', message, param });

export const missingParameter = (param: string): OpenAIError =>
  new OpenAIError({
    status: 400,
    code: 'missing_required_parameter',
    message: `Missing required parameter: '${param}'.`,
    param,
  });

export const unsupportedParameter = (param: string, message: string): OpenAIError =>
  new OpenAIError({ status: 400, code: 'unsupported_parameter', message, param });

export const unknownParameter = (param: string): OpenAIError =>
  new OpenAIError({ status: 400, code: 'unknown_parameter', message: `Unknown parameter: '${param}'.`, param });

export const contextLengthExceeded = (message: string, param = 'messages'): OpenAIError =>
  new OpenAIError({ status: 400, code: 'context_length_exceeded', message, param });

export const invalidJson = (): OpenAIError =>
  new OpenAIError({
    status: 400,
    message: 'We could not parse the JSON body of your request. The API expects a JSON object.',
  });

export const malformedRequest = (message: string): OpenAIError => new OpenAIError({ status: 400, message });

export const jsonTooDeep = (limit: number): OpenAIError =>
  new OpenAIError({
    status: 400,
    code: 'invalid_value',
    message: `The JSON body is nested deeper than ${limit} levels.`,
  });

// 401 to 431: refused before the body matters.
export const invalidApiKey = (missing: boolean): OpenAIError =>
  new OpenAIError({
    status: 401,
    code: 'invalid_api_key',
    message: missing
      ? "No API key was given. Send it as 'Authorization: Bearer KEY', or as 'x-api-key: KEY'."
      : 'The API key is not valid here. Ask whoever runs this server for one.',
    headers: { 'www-authenticate': 'Bearer' },
  });

export const hostNotAllowed = (host: string): OpenAIError =>
  new OpenAIError({
    status: 403,
    code: 'host_not_allowed',
    message: `Requests for the host '${host}' are not served here; name it in ALLOWED_HOSTS to allow it.`,
  });

export const modelNotFound = (model: string): OpenAIError =>
  new OpenAIError({
    status: 404,
    code: 'model_not_found',
    message: `The model '${model}' does not exist or you do not have access to it.`,
    param: 'model',
  });

/** Of a response that is to be retrieved, or that another continues. */
export const responseNotFound = (id: string, param: string | null = null): OpenAIError =>
  new OpenAIError({
    status: 404,
    code: param === null ? null : 'previous_response_not_found',
    message:
      `No response with the id '${id.slice(0, 256)}' is kept here: responses are kept in memory, for their key alone, the least ` +
      'recently used go first, and none outlives the server or is kept with store: false. Send the whole conversation as input instead.',
    param,
  });

export const unknownRoute = (method: string, path: string): OpenAIError =>
  new OpenAIError({ status: 404, message: `Unknown request URL: ${method} ${path}.` });

export const methodNotAllowed = (method: string, path: string, allowed: readonly string[]): OpenAIError =>
  new OpenAIError({
    status: 405,
    code: 'method_not_allowed',
    message: `Not allowed to ${method} on ${path}; use ${allowed.join(' or ')}.`,
    headers: { allow: allowed.join(', ') },
  });

export const requestTimeout = (): OpenAIError =>
  new OpenAIError({ status: 408, message: 'The request did not arrive in time.' });

export const payloadTooLarge = (limitBytes: number): OpenAIError =>
  new OpenAIError({
    status: 413,
    code: 'request_too_large',
    message: `The body of the request is over the limit of ${limitBytes} bytes.`,
    shouldRetry: false,
  });

export const unsupportedMediaType = (): OpenAIError =>
  new OpenAIError({
    status: 415,
    code: 'unsupported_media_type',
    message: "The body must be sent with 'Content-Type: application/json'.",
  });

export const expectationFailed = (): OpenAIError =>
  new OpenAIError({ status: 417, message: "No expectation but '100-continue' can be met." });

export const headersTooLarge = (): OpenAIError =>
  new OpenAIError({ status: 431, message: 'The headers of the request are too large.', shouldRetry: false });

// 429: nothing is wrong with the request, there are too many of them. x-ratelimit headers are the caller's own limits' alone.
export const queueFull = (limit: number, retryAfterSeconds: number): OpenAIError =>
  new OpenAIError({
    status: 429,
    code: 'queue_full',
    message: `The server is busy: too much waits already (at most ${limit} requests). Try again in ${retryAfterSeconds} s.`,
    retryAfterSeconds,
  });

export const queueTimeout = (waitedSeconds: number, retryAfterSeconds: number): OpenAIError =>
  new OpenAIError({
    status: 429,
    code: 'queue_timeout',
    message: `The server is busy: the request was not started within ${waitedSeconds} s.`,
    retryAfterSeconds,
  });

export const engineQueueFull = (message: string, retryAfterSeconds = 1): OpenAIError =>
  new OpenAIError({ status: 429, code: 'queue_full', message, retryAfterSeconds });

/** `what` is requests or tokens; what asks for more than a whole minute's is told that no retry will do. */
export const rateLimitExceeded = (
  { name, what, limit, asked }: { name: string; what: 'requests' | 'tokens'; limit: number; asked: number },
  retryAfterSeconds: number,
  headers: Readonly<Record<string, string>>,
): OpenAIError =>
  new OpenAIError({
    status: 429,
    code: 'rate_limit_exceeded',
    message:
      `Rate limit of '${name}' reached: ${limit} ${what} a minute` +
      (asked > limit
        ? `, and this request alone may take ${asked}. Make its prompt or max_tokens smaller.`
        : `. Try again in ${retryAfterSeconds} s.`),
    retryAfterSeconds,
    headers,
    ...(asked > limit ? { shouldRetry: false } : {}),
  });

// 5xx: ours.
export const internal = (cause?: unknown): OpenAIError =>
  new OpenAIError({
    status: 500,
    code: 'internal_error',
    message: 'The server had an error while processing your request.',
    cause,
  });

export const engineUnavailable = (reason: string, retryAfterSeconds = 5): OpenAIError =>
  new OpenAIError({ status: 503, code: 'engine_unavailable', message: reason, retryAfterSeconds });

/** What is asked for is here, but not with the engine that serves. */
export const notSupported = (message: string): OpenAIError =>
  new OpenAIError({ status: 501, code: 'not_supported', message, shouldRetry: false });

export const modelLoading = (reason: string, retryAfterSeconds = 5): OpenAIError =>
  new OpenAIError({ status: 503, code: 'model_loading', message: reason, retryAfterSeconds });

export const shuttingDown = (retryAfterSeconds = 5): OpenAIError =>
  new OpenAIError({
    status: 503,
    code: 'shutting_down',
    message: 'The server is shutting down and takes no new requests.',
    retryAfterSeconds,
  });

export const limitsUnavailable = (): OpenAIError =>
  new OpenAIError({
    status: 503,
    code: 'limits_unavailable',
    message: 'The limits of this key can not be checked at the moment.',
    retryAfterSeconds: 5,
  });

/** The whole of it, waiting included. Another try would take as long. */
export const requestTooSlow = (seconds: number): OpenAIError =>
  new OpenAIError({
    status: 503,
    code: 'request_timeout',
    message: `The answer was not complete within ${seconds} s, this server's limit for a request. Ask for fewer tokens.`,
    shouldRetry: false,
  });

/** The engine stopped in mid-answer, or was too slow to give the next token. */
export const engineFailed = (reason: string, cause?: Error): OpenAIError =>
  new OpenAIError({ status: 503, code: 'engine_unavailable', message: reason, retryAfterSeconds: 1, cause });

export const halfAnswer = (): OpenAIError => engineFailed('The engine ended its answer before it was complete.');

export const engineTimeout = (reason: string): OpenAIError =>
  new OpenAIError({ status: 503, code: 'engine_timeout', message: reason, retryAfterSeconds: 1 });
