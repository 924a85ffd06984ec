import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import type { Caller } from '../openai/caller.js';
import { limitsUnavailable, rateLimitExceeded } from '../openai/error-catalogue.js';
import { type Counted, MinuteCounter } from './minute-counter.js';
import { RedisCounts } from './redis-counts.js';

type Headers = Readonly<Record<string, string>>;
type Measure = 'requests' | 'tokens';

/** Tokens that are held for a generation until it is known what it took. */
export interface Reservation {
  headers: Headers;
  /** The first call counts. */
  settle: (used: number) => void;
}

/** Requests and tokens a minute, by the caller's name, of who has a limit. */
@Injectable()
export class RateLimits implements OnModuleDestroy {
  private readonly redis: RedisCounts | null;
  private readonly counter: Pick<MinuteCounter, 'add'>;

  constructor(private readonly settings: Settings) {
    this.redis = settings.redisUrl === null ? null : new RedisCounts(settings.redisUrl);
    this.counter = this.redis ?? new MinuteCounter();
  }

  onModuleDestroy(): void {
    this.redis?.close();
  }

  /** Whether the caller has a limit at all; who has none is neither counted nor kept waiting. */
  counts(measure: Measure, caller: Caller): boolean {
    return this.limitOf(measure, caller) !== Infinity;
  }

  /** The headers that tell what is left. Throws 429 over the limit, 503 where nobody can count. */
  async request(caller: Caller): Promise<Headers> {
    const limit = this.limitOf('requests', caller);
    const counted = await this.add('requests', caller, 1);
    const headers = headersOf('requests', limit, counted);
    if (counted.total > limit) throw refusal('requests', caller, limit, counted, 1);
    return headers;
  }

  /** Holds so many tokens, at least 1. Throws as `request` does; what is refused takes nothing. */
  async tokens(caller: Caller, estimate: number): Promise<Reservation> {
    const limit = this.limitOf('tokens', caller);
    const counted = await this.add('tokens', caller, estimate);
    if (counted.total > limit) {
      this.giveBack(caller, estimate, counted);
      throw refusal('tokens', caller, limit, { ...counted, total: counted.total - estimate }, estimate);
    }
    let settled = false;
    const settle = (used: number): void => {
      if (!settled) this.settle(caller, used - estimate, counted);
      settled = true;
    };
    return { headers: headersOf('tokens', limit, counted), settle };
  }

  private limitOf(measure: Measure, { requestsPerMinute, tokensPerMinute }: Caller): number {
    const { rateLimitRequests, rateLimitTokens } = this.settings;
    const limit =
      measure === 'requests' ? (requestsPerMinute ?? rateLimitRequests) : (tokensPerMinute ?? rateLimitTokens);
    return limit ?? Infinity;
  }

  private settle(caller: Caller, more: number, counted: Timed): void {
    if (more > 0)
      void this.add('tokens', caller, more).catch(() => {}); // told already; the answer is out
    else if (more < 0) this.giveBack(caller, -more, counted);
  }

  /** Only within the minute that it was taken in: the next one starts from nothing. */
  private giveBack(caller: Caller, points: number, { endsAt }: Timed): void {
    if (performance.now() < endsAt) void this.add('tokens', caller, -points).catch(() => {});
  }

  private async add(measure: Measure, { name }: Caller, points: number): Promise<Timed> {
    try {
      const counted = await this.counter.add(`${measure}:${name}`, points);
      return { ...counted, endsAt: performance.now() + counted.resetMs };
    } catch {
      throw limitsUnavailable();
    }
  }
}

interface Timed extends Counted {
  endsAt: number;
}

const secondsOf = ({ resetMs }: Counted): number => Math.max(1, Math.ceil(resetMs / 1000));

const headersOf = (measure: Measure, limit: number, counted: Counted): Headers => ({
  [`x-ratelimit-limit-${measure}`]: String(limit),
  [`x-ratelimit-remaining-${measure}`]: String(Math.max(0, limit - counted.total)),
  [`x-ratelimit-reset-${measure}`]: `${secondsOf(counted)}s`,
});

function refusal(what: Measure, { name }: Caller, limit: number, counted: Counted, asked: number): Error {
  return rateLimitExceeded({ name, what, limit, asked }, secondsOf(counted), headersOf(what, limit, counted));
}
