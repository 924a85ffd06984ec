import { Observable } from 'rxjs';
import { Pool } from 'undici';
import type { GenerateEvent, GenerateRequest } from '../worker.js';
import { GenerateExchange, type GenerateDeadlines } from './generate-exchange.js';
import { generateBody } from './generate-body.js';

/** Generations over HTTP with one child. It knows nothing of processes and states. */
export class EngineClient {
  private readonly pool: Pool;

  constructor(
    origin: string,
    private readonly token: string,
    private readonly deadlines: GenerateDeadlines,
  ) {
    // No time limit of its own may cut a stream; ours are the deadlines above.
    this.pool = new Pool(origin, { headersTimeout: 0, bodyTimeout: 0, connectTimeout: 5_000, allowH2: false });
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
          // A connection for each: an idle one that the engine is just closing would lose a request.
          reset: true,
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
