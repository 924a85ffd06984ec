import type { IncomingMessage, ServerResponse } from 'node:http';
import { ANONYMOUS, type Caller } from './caller.js';

const records = new WeakMap<IncomingMessage, RequestRecord>();

/** What is known of one HTTP request by its end; a room describes its own part, never a prompt. */
export class RequestRecord {
  readonly startedAt = performance.now();
  private readonly descriptions: (() => Record<string, unknown>)[] = [];

  private who: Caller = ANONYMOUS;

  constructor(
    readonly requestId: string,
    private readonly response: ServerResponse | null = null,
  ) {}

  static open(request: IncomingMessage, requestId: string, response: ServerResponse | null = null): RequestRecord {
    const record = new RequestRecord(requestId, response);
    records.set(request, record);
    return record;
  }

  /** The record of a request; requests that no hook has seen get one without an id. */
  static of(request: IncomingMessage): RequestRecord {
    return records.get(request) ?? RequestRecord.open(request, '');
  }

  get caller(): Caller {
    return this.who;
  }

  identify(caller: Caller): void {
    this.who = caller;
    this.describe(() => ({ key: caller.name }));
  }

  /** Headers of the answer, whatever it will be; too late once it has begun. */
  tell(headers: Readonly<Record<string, string>>): void {
    if (this.response === null || this.response.headersSent) return;
    for (const [name, value] of Object.entries(headers)) this.response.setHeader(name, value);
  }

  /** `fields` is called once, when the request has ended. */
  describe(fields: () => Record<string, unknown>): void {
    this.descriptions.push(fields);
  }

  get fields(): Record<string, unknown> {
    return Object.assign({}, ...this.descriptions.map((fields) => fields())) as Record<string, unknown>;
  }

  get elapsedMs(): number {
    return Math.round(performance.now() - this.startedAt);
  }
}
