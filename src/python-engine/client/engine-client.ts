import { Observable } from 'rxjs';
import { Pool } from 'undici';
import type { GenerateEvent, GenerateRequest } from '../worker.js';
import { GenerateExchange, type GenerateDeadlines } from './generate-exchange.js';
import { generateBody } from './generate-body.js';

/** Well below the engine's own 75 s: a connection that the engine is just closing would lose a request. */
const KEEP_ALIVE_MS = 30_000;

/** Generations over HTTP with one child. It knows nothing of processes and states. */
export class EngineClient {
  private readonly pool: Pool;

  constructor(
    origin: string,
    private readonly token: string,
    private readonly deadlines: GenerateDeadlines,
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
      const exchange = new GenerateExchange(subscriber, this.deadlines);
      this.pool.dispatch(
        {
          path: '/generate',
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
          body: generateBody(request),
        },
        exchange,
      );
      return () => exchange.abort();
    });
  }

  /** Cuts every exchange that is still open. */
  async destroy(): Promise<void> {
    await this.pool.destroy();
  }
}
