import type { ServerResponse } from 'node:http';
import type { OpenAIError } from './openai-error.js';

export interface EventStreamLimits {
  /** Silence after which a comment is sent, so that no proxy takes the stream for dead. */
  pingMs: number;
  /** A client that leaves more than this unread is cut off. */
  bufferBytes: number;
  /** A client that takes nothing for this long, while something waits for it, is cut off. */
  stallMs: number;
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
};

/** The mark of the end of OpenAI's streams. */
export const DONE = 'data: [DONE]\n\n';

/** A failure after the status was out, then the mark of the end. */
export const failureEvents = (error: OpenAIError): string => `data: ${JSON.stringify(error.body)}\n\n${DONE}`;

/** Server-sent events on a raw response: headers with the first write, pings in silence, and no endless buffering. */
export class EventStream {
  private ping: NodeJS.Timeout | undefined;
  private stall: NodeJS.Timeout | undefined;
  private given = 0;
  private ended = false;

  /** `beforeHead` runs when nothing can be refused any more; `onCutOff` when the client was too slow. */
  constructor(
    private readonly response: ServerResponse,
    private readonly limits: EventStreamLimits,
    private readonly beforeHead: () => void,
    private readonly onCutOff: () => void,
  ) {
    response.on('drain', this.drained);
    response.once('close', this.drained);
  }

  /** True once the status is out: from here on a failure can only be an event. */
  get opened(): boolean {
    return this.response.headersSent;
  }

  /** Starts the clock of silence; a generation that is sent again starts it again. */
  start(): void {
    clearTimeout(this.ping);
    this.ping = setTimeout(() => this.write(': ping\n\n'), this.limits.pingMs);
  }

  /** One or more whole events, already encoded. */
  write(events: string): void {
    if (this.ended || this.response.destroyed) return;
    if (!this.opened) {
      this.beforeHead();
      this.response.writeHead(200, HEADERS);
    }
    this.ping?.refresh();
    this.given += Buffer.byteLength(events);
    if (!this.response.write(events)) this.watch();
  }

  /** The last events, then the end. */
  end(events: string): void {
    if (this.ended) return;
    this.write(events);
    this.close();
    this.response.once('finish', this.drained);
    this.stall ??= this.stallTimer(); // also the last bytes must not wait for ever
    this.response.end();
  }

  /** Stops the clocks; the client is gone, or the answer went another way. */
  close(): void {
    this.ended = true;
    clearTimeout(this.ping);
  }

  private watch(): void {
    if (this.response.writableLength > this.limits.bufferBytes) this.cutOff();
    else this.stall ??= this.stallTimer();
  }

  private stallTimer(): NodeJS.Timeout {
    const before = { taken: this.taken, inFlight: this.inFlight };
    return setTimeout(() => {
      if (this.response.destroyed) return;
      if (this.taken > before.taken || this.inFlight !== before.inFlight) this.stall = this.stallTimer();
      else this.cutOff();
    }, this.limits.stallMs);
  }

  private get taken(): number {
    return this.given - this.response.writableLength;
  }

  /** What is left of the write under way: a large one is taken bit by bit, which no public number shows. */
  private get inFlight(): number | undefined {
    const { socket } = this.response as { socket: { _handle?: { writeQueueSize?: number } | null } | null };
    return socket?._handle?.writeQueueSize;
  }

  private readonly drained = (): void => {
    clearTimeout(this.stall);
    this.stall = undefined;
  };

  private cutOff(): void {
    this.close();
    this.drained();
    this.onCutOff();
    this.response.destroy();
  }
}
