import type { IncomingHttpHeaders } from 'node:http';
import type { Subscriber } from 'rxjs';
import type { Dispatcher } from 'undici';
import { engineFailed, engineTimeout, engineUnavailable, halfAnswer } from '../../openai/error-catalogue.js';
import { OpenAIError } from '../../openai/openai-error.js';
import { LineSplitter } from '../line-splitter.js';
import type { GenerateEvent } from '../worker.js';

/** A scored prompt is one line: up to 21 tokens of some 80 bytes for each of its own. */
const MAX_LINE = 64 * 1024 * 1024;
const MAX_REFUSAL_BYTES = 64 * 1024;

export interface GenerateDeadlines {
  /** From sending to the first chunk; waiting for admission in the engine is part of it. */
  firstTokenMs: number;
  /** Between one chunk and the next. */
  tokenMs: number;
}

/** What the lines of an answer mean, in the engine's own dialect or another. Errors are `OpenAIError`. */
export interface AnswerFormat {
  /** Of a 200. */
  admitted(headers: IncomingHttpHeaders): GenerateEvent;
  /** `whole`: nothing is missing after this line. Throws where the line is an error, or none that can be read. */
  line(text: string): { events: readonly GenerateEvent[]; whole: boolean };
  /** Of any other status. */
  refusal(status: number, body: string, retryAfter: string | undefined): OpenAIError;
}

/** One generation over HTTP from its first byte to its last, as undici's handler; fed by the socket, it feeds a subscriber. */
export class GenerateExchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | null = null;
  private readonly lines = new LineSplitter(MAX_LINE, (line, cut) => this.line(line, cut));
  private refusal: { status: number; retryAfter: string | undefined; body: Buffer[]; bytes: number } | null = null;
  private admitted = false;
  private complete = false;
  private over = false;
  private timer: NodeJS.Timeout;
  private streaming = false;

  constructor(
    private readonly subscriber: Subscriber<GenerateEvent>,
    private readonly deadlines: GenerateDeadlines,
    private readonly format: AnswerFormat,
  ) {
    this.timer = setTimeout(() => this.late(deadlines.firstTokenMs), deadlines.firstTokenMs);
  }

  /** Destroys the socket, which is how the engine learns that nobody wants the rest. Harmless after the end. */
  abort(): void {
    if (this.over) return;
    this.end();
    this.controller?.abort(new Error('aborted'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // Nothing has been sent yet, so an exchange given up while connecting never reaches the engine.
    if (this.over) controller.abort(new Error('aborted'));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200 || this.over) return;
    if (status !== 200) {
      this.refusal = { status, retryAfter: headers['retry-after'], body: [], bytes: 0 };
      return;
    }
    this.admitted = true;
    this.subscriber.next(this.format.admitted(headers));
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.over) return;
    if (this.refusal === null) {
      this.lines.push(bytes);
      return;
    }
    this.refusal.bytes += bytes.length;
    if (this.refusal.bytes <= MAX_REFUSAL_BYTES) this.refusal.body.push(bytes);
  }

  onResponseEnd(): void {
    if (this.over) return;
    if (this.refusal !== null) {
      const { status, body, retryAfter } = this.refusal;
      this.fail(this.format.refusal(status, Buffer.concat(body).toString(), retryAfter));
      return;
    }
    this.lines.end();
    this.finish(halfAnswer);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.over) return;
    this.finish(() =>
      this.admitted
        ? engineFailed('The engine stopped in the middle of its answer.')
        : engineUnavailable(`The engine can not be reached: ${codeOf(error)}`, 1),
    );
  }

  private line(text: string, cut: boolean): void {
    if (this.over || text === '') return;
    if (cut) {
      this.fail(engineFailed('The engine sent a line without an end.'));
      return;
    }
    try {
      const { events, whole } = this.format.line(text);
      if (events.length > 0) this.touch();
      this.complete = whole;
      for (const event of events) this.subscriber.next(event);
    } catch (error) {
      this.fail(error instanceof OpenAIError ? error : engineFailed(String(error)));
    }
  }

  /** Each line starts the wait for the next; cheaper than a timer a token. */
  private touch(): void {
    if (this.streaming) {
      this.timer.refresh();
      return;
    }
    this.streaming = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.late(this.deadlines.tokenMs), this.deadlines.tokenMs);
  }

  private late(limitMs: number): void {
    const what = this.streaming ? 'the next token' : 'the first token';
    this.finish(() => engineTimeout(`The engine did not give ${what} within ${limitMs / 1000} s.`));
    // Whole or not, an answer whose connection the engine does not close must not keep it.
    this.controller?.abort(new Error('late'));
  }

  /** An answer that has had its last line is whole, however its connection ends. */
  private finish(otherwise: () => OpenAIError): void {
    if (!this.complete) {
      this.fail(otherwise());
      return;
    }
    this.end();
    this.subscriber.complete();
  }

  private fail(error: OpenAIError): void {
    if (this.over) return;
    this.end();
    this.subscriber.error(error);
    this.controller?.abort(error);
  }

  private end(): void {
    this.over = true;
    clearTimeout(this.timer);
  }
}

/** Messages of sockets name addresses, which are no client's business. */
const codeOf = (error: Error & { code?: unknown }): string =>
  typeof error.code === 'string' ? error.code : error.name;
