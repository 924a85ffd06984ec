import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface WireValue {
  stringValue?: string;
  intValue?: number | string;
  doubleValue?: number;
  arrayValue?: { values: WireValue[] };
}

interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: WireValue }[];
  status: { code?: number };
}

interface WireBody {
  resourceSpans: { scopeSpans: { spans: WireSpan[] }[] }[];
}

export interface SeenSpan extends Omit<WireSpan, 'attributes'> {
  attributes: Record<string, unknown>;
}

/** A collector: takes OTLP as JSON over HTTP and remembers every span. */
export class OtlpReceiver {
  readonly spans: SeenSpan[] = [];
  headers: IncomingHttpHeaders = {};
  private readonly server = createServer((request, response) => {
    void text(request).then((body) => {
      this.headers = request.headers;
      if (request.url === '/v1/traces') this.take(JSON.parse(body) as WireBody);
      response.writeHead(request.url === '/v1/traces' ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
      this.server.emit('taken');
    });
  });

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    return receiver;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The spans of a trace, as soon as there are so many. */
  async trace(count: number, root = /./): Promise<SeenSpan[]> {
    for (;;) {
      const id = this.spans.find(({ name }) => root.test(name))?.traceId;
      const found = this.spans.filter(({ traceId }) => traceId === id);
      if (found.length >= count) return found;
      await once(this.server, 'taken');
    }
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private take({ resourceSpans }: WireBody): void {
    for (const { scopeSpans } of resourceSpans) {
      for (const { spans } of scopeSpans) {
        for (const { attributes, ...span } of spans) {
          const values = attributes.map(({ key, value }) => [key, plain(value)] as const);
          this.spans.push({ ...span, attributes: Object.fromEntries(values) });
        }
      }
    }
  }
}

function plain(value: WireValue): unknown {
  if (value.arrayValue) return value.arrayValue.values.map(plain);
  return value.stringValue ?? value.doubleValue ?? Number(value.intValue);
}
