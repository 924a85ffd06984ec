import { Observable } from 'rxjs';
import { Pool } from 'undici';
import { engineFailed, engineUnavailable } from '../../openai/error-catalogue.js';
import type { GenerateEvent, GenerateRequest, TokenizablePrompt, TokenizedPrompt, TokenizeOptions } from '../worker.js';
import { engineRefusal } from './engine-refusal.js';
import { GenerateExchange, type GenerateDeadlines } from './generate-exchange.js';
import { generateBody, promptFields } from './generate-body.js';
import { generateFormat } from './generate-line.js';
import { tokenizedPrompt } from './tokenized-prompt.js';

/** Well below the engine's own 75 s: a connection that the engine is just closing would lose a request. */
const KEEP_ALIVE_MS = 30_000;

/** Long for what takes milliseconds, also on a machine that computes. */
const ASK_MS = 30_000;

/** Generations over HTTP with one child. It knows nothing of processes and states. */
export class EngineClient {
  private readonly pool: Pool;

  constructor(
    origin: string,
    private readonly token: string,
    private readonly deadlines: GenerateDeadlines,
    /** Of the worker, told with each admission. */
    private readonly name: string,
  ) {
    this.pool = new Pool(origin, {
      // No time limit of its own may cut a stream; ours are the deadlines above.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout: 5_000,
      keepAliveTimeout: KEEP_ALIVE_MS,
      allowH2: false,
    });
  }

  generate(request: GenerateRequest): Observable<GenerateEvent> {
    return new Observable<GenerateEvent>((subscriber) => {
      const exchange = new GenerateExchange(subscriber, this.deadlines, generateFormat(this.name));
      this.pool.dispatch(
        {
          path: '/generate',
          method: 'POST',
          headers: request.traceparent ? { ...this.headers, traceparent: request.traceparent } : this.headers,
          body: generateBody(request),
        },
        exchange,
      );
      return () => exchange.abort();
    });
  }

  async tokenize(prompt: TokenizablePrompt, options: TokenizeOptions = {}): Promise<TokenizedPrompt> {
    return tokenizedPrompt(await this.ask('/tokenize', promptFields(prompt)), 'messages' in prompt, options);
  }

  async detokenize(tokenIds: readonly number[]): Promise<string> {
    const { text } = await this.ask('/detokenize', { token_ids: tokenIds });
    if (typeof text !== 'string') throw unreadable();
    return text;
  }

  /** One question and its whole answer. Rejects with `OpenAIError`. */
  private async ask(path: string, question: object): Promise<Record<string, unknown>> {
    const { statusCode, headers, text } = await this.post(path, JSON.stringify(question));
    if (statusCode !== 200) throw engineRefusal(statusCode, text, headers['retry-after']?.toString());
    try {
      return JSON.parse(text) as Record<string, unknown>;
    } catch {
      throw unreadable();
    }
  }

  private async post(path: string, body: string) {
    try {
      const signal = AbortSignal.timeout(ASK_MS);
      const answer = await this.pool.request({ path, method: 'POST', headers: this.headers, body, signal });
      return { ...answer, text: await answer.body.text() };
    } catch (failure) {
      throw engineUnavailable(`The engine can not be reached: ${(failure as Error).message}`, 1);
    }
  }

  private get headers() {
    return { 'content-type': 'application/json', authorization: `Bearer ${this.token}` };
  }

  /** Cuts every exchange that is still open. */
  async destroy(): Promise<void> {
    await this.pool.destroy();
  }
}

const unreadable = () => engineFailed('The engine sent an answer that can not be read.');
