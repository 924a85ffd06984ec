import { Pool } from 'undici';
import { parseEngineHealth, type EngineHealth } from './engine-health.js';

export type HealthAnswer =
  | { kind: 'health'; health: EngineHealth }
  /** Somebody answers who is not our child. */
  | { kind: 'stranger' }
  /** Nobody answers, or not in time. */
  | { kind: 'silence' };

const MAX_BODY_BYTES = 64 * 1024;

/** Asks for `GET /health` on a connection of its own, so that it never waits behind a generation. */
export class HealthProbe {
  private readonly pool: Pool;

  constructor(
    origin: string,
    private readonly nonce: string,
    private readonly timeoutMs: number,
  ) {
    this.pool = new Pool(origin, {
      connections: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: MAX_BODY_BYTES,
      allowH2: false,
    });
  }

  async ask(): Promise<HealthAnswer> {
    const signal = AbortSignal.timeout(this.timeoutMs);
    try {
      const { body } = await this.pool.request({ path: '/health', method: 'GET', signal });
      const health = parseEngineHealth(await body.text());
      return health === null || health.nonce !== this.nonce ? { kind: 'stranger' } : { kind: 'health', health };
    } catch {
      return { kind: 'silence' };
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
