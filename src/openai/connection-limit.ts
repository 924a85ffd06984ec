import { Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

/** Between two lines about the same. */
const QUIET_MS = 10_000;

/** Closes connections beyond the limit as they come. Which are idle or slow ends by the server's own times. */
export function limitConnections({ server }: FastifyInstance, limit: number): void {
  const logger = new Logger('Connections');
  let dropped = 0;
  let toldAt = -Infinity;
  server.maxConnections = limit;
  server.on('drop', () => {
    dropped++;
    const now = performance.now();
    if (now - toldAt < QUIET_MS) return;
    logger.warn(`MAX_CONNECTIONS=${limit} are open: ${dropped} more closed unanswered`);
    toldAt = now;
    dropped = 0;
  });
}
