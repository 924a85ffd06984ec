import type { IncomingMessage } from 'node:http';

const records = new WeakMap<IncomingMessage, RequestRecord>();

/** What is known of one HTTP request by its end; a room adds its own facts to `fields`, never a prompt. */
export class RequestRecord {
  readonly startedAt = performance.now();
  readonly fields: Record<string, unknown> = {};

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

  get elapsedMs(): number {
    return Math.round(performance.now() - this.startedAt);
  }
}
