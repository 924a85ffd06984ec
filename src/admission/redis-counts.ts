import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { COUNT_ONLY, type Counted, MinuteCounter } from './minute-counter.js';

const CONNECT_MS = 2000;
const COMMAND_MS = 1000;
const LONGEST_RETRY_MS = 2000;

/** Counts in Redis, for all servers that share it. Without Redis every count rejects, at once or after a second. */
export class RedisCounts {
  private readonly logger = new Logger('Limits');
  private readonly redis: Redis;
  private readonly counter: MinuteCounter;
  /** Null before the first answer or failure. */
  private reached: boolean | null = null;

  constructor(url: string) {
    this.redis = new Redis(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_MS,
      commandTimeout: COMMAND_MS,
      retryStrategy: (times) => Math.min(times * 100, LONGEST_RETRY_MS),
    });
    this.redis.on('ready', () => this.note(true, 'Redis counts the limits'));
    this.redis.on('error', (error: Error) => this.lost(error));
    this.redis.on('close', () => this.lost(new Error('the connection is closed')));
    this.counter = new MinuteCounter(
      new RateLimiterRedis({ ...COUNT_ONLY, storeClient: this.redis, rejectIfRedisNotReady: true }),
    );
  }

  async add(key: string, points: number): Promise<Counted> {
    try {
      const counted = await this.counter.add(key, points);
      this.note(true, 'Redis counts the limits again');
      return counted;
    } catch (failure) {
      this.lost(failure as Error);
      throw failure;
    }
  }

  close(): void {
    this.redis.removeAllListeners();
    this.redis.on('error', () => {}); // one more may come, and nobody to hear it would end the process
    this.redis.disconnect();
  }

  private lost(error: Error): void {
    this.note(
      false,
      `Redis can't be reached, and what has a limit is refused with 503: ${error.message || error.name}`,
    );
  }

  /** Once for each change: a Redis that is gone fails every request. */
  private note(reached: boolean, message: string): void {
    if (this.reached === reached) return;
    this.reached = reached;
    if (reached) this.logger.log(message);
    else this.logger.error(message);
  }
}
