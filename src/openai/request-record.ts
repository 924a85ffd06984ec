import type { IncomingMessage } from 'node:http';

const records = new WeakMap<IncomingMessage, RequestRecord>();

/** What is known of one HTTP request by its end; a room describes its own part, never a prompt. */
export class RequestRecord {
  readonly startedAt = performance.now();
  private readonly descriptions: (() => Record<string, unknown>)[] = [];

  constructor(readonly requestId: string) {}

  static open(request: IncomingMessage, requestId: string): RequestRecord {
    const record = new RequestRecord(requestId);
    records.set(request, record);
    return record;
  }

  /** The record of a request; requests that no hook has seen get one without an id. */
  static of(request: IncomingMessage): RequestRecord {
    return records.get(request) ?? RequestRecord.open(request, '');
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
