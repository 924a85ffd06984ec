/** What OpenAI's SDKs read of a failure: always nested, `code` a string or null. */
export interface OpenAIErrorBody {
  error: { message: string; type: OpenAIErrorType; param: string | null; code: string | null };
}

export type OpenAIErrorType = 'invalid_request_error' | 'rate_limit_error' | 'server_error';

export interface OpenAIErrorInit {
  status: number;
  message: string;
  type?: OpenAIErrorType;
  code?: string | null;
  param?: string | null;
  /** Seconds until a retry can succeed; becomes `Retry-After`. */
  retryAfterSeconds?: number;
  /** Overrules the SDKs' own choice of retrying by status; becomes `x-should-retry`. */
  shouldRetry?: boolean;
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
}

/** The one error that any room may throw towards a client; the exception filter and the stream turn it into the wire. */
export class OpenAIError extends Error {
  override readonly name = 'OpenAIError';
  readonly status: number;
  readonly type: OpenAIErrorType;
  readonly code: string | null;
  readonly param: string | null;
  readonly shouldRetry: boolean | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(init: OpenAIErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.status = init.status;
    this.type = init.type ?? typeOf(init.status);
    this.code = init.code ?? null;
    this.param = init.param ?? null;
    this.shouldRetry = init.shouldRetry ?? null;
    this.headers = Object.freeze({
      ...init.headers,
      ...(init.retryAfterSeconds === undefined ? {} : { 'retry-after': String(Math.ceil(init.retryAfterSeconds)) }),
      ...(init.shouldRetry === undefined ? {} : { 'x-should-retry': String(init.shouldRetry) }),
    });
  }

  /** The same failure, told of another field or in other words: a room below knows only its own names. */
  renamed(param: string | null, message = this.message): OpenAIError {
    const { status, type, code, headers, cause, shouldRetry } = this;
    const retry = shouldRetry === null ? {} : { shouldRetry };
    return new OpenAIError({ status, type, code, param, message, headers, cause, ...retry });
  }

  get body(): OpenAIErrorBody {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } };
  }
}

function typeOf(status: number): OpenAIErrorType {
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
