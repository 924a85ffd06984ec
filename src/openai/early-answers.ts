import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Of a refused body so much is read and thrown away, for so long, and no longer than it goes on coming. */
const LINGER_BYTES = 64 * 2 ** 20;
const LINGER_MS = 10_000;
const SILENCE_MS = 1_000;

/**
 * An answer that comes before the request's body is through, 413 say: were the connection closed at once, the system would
 * reset it, and a client that is still sending would see that instead of the answer.
 */
export function addEarlyAnswers(server: FastifyInstance): void {
  server.addHook('onSend', (request, reply, _payload, done) => {
    if (!request.raw.complete) endAfterBody(request.raw, reply.raw);
    done();
  });
}

function endAfterBody(request: IncomingMessage, response: ServerResponse): void {
  const end = response.end.bind(response);
  response.end = ((last?: unknown) => {
    if (typeof last === 'string' || last instanceof Uint8Array) response.write(last);
    let left = LINGER_BYTES;
    const over = (): void => {
      clearTimeout(limit);
      clearTimeout(silence);
      request.off('data', count).off('end', over).off('close', over);
      end();
    };
    const count = (part: Buffer): void => {
      silence.refresh();
      if ((left -= part.length) < 0) over();
    };
    const limit = setTimeout(over, LINGER_MS);
    const silence = setTimeout(over, SILENCE_MS);
    request.on('data', count).once('end', over).once('close', over).resume();
    return response;
  }) as ServerResponse['end'];
}
