import { Injectable } from '@nestjs/common';
import type { OpenAIError } from './openai-error.js';

/** A failure as it goes out. */
export interface ToldError {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: object;
}

/** How an API that is not OpenAI's tells of failures. */
export type ErrorDialect = (error: OpenAIError, requestId: string) => ToldError;

/** Which routes tell of failures in another way than OpenAI's, also of those that come before any controller. */
@Injectable()
export class ErrorDialects {
  private readonly dialects = new Map<string, ErrorDialect>();

  /** For a path and those below it. */
  use(path: string, dialect: ErrorDialect): void {
    this.dialects.set(path, dialect);
  }

  told(error: OpenAIError, path: string, requestId: string): ToldError {
    for (const [route, dialect] of this.dialects) {
      if (path === route || path.startsWith(`${route}/`)) return dialect(error, requestId);
    }
    return { status: error.status, headers: error.headers, body: error.body };
  }
}
