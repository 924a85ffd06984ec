import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { BehaviorSubject, filter, firstValueFrom } from 'rxjs';

/** Counts the answers that are not yet with the system; a server that closes throws away what still waits for a client. */
@Injectable()
export class OpenAnswers {
  private readonly count = new BehaviorSubject(0);

  watch(server: FastifyInstance): void {
    server.addHook('onRequest', (_request, reply, done) => {
      this.count.next(this.count.value + 1);
      reply.raw.once('close', () => this.count.next(this.count.value - 1));
      done();
    });
  }

  /** Resolves when the last byte of every answer is gone, or after `limitMs`. */
  async flushed(limitMs: number): Promise<void> {
    const limit = new AbortController();
    const late = delay(limitMs, undefined, { signal: limit.signal }).catch(() => {});
    await Promise.race([firstValueFrom(this.count.pipe(filter((open) => open === 0))), late]);
    limit.abort();
  }
}
