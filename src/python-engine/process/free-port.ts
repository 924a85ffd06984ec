import { createServer } from 'node:net';

const TRIES = 100;
const LAST_PORT = 65_535;

/**
 * The first port from `from` on that nobody listens on; 0 asks the system for any. Found by binding, so it can be lost
 * again before the child binds it: the child then leaves with its own exit code.
 */
export async function freePort(host: string, from: number): Promise<number> {
  const last = Math.min(LAST_PORT, from + TRIES - 1);
  for (let port = from; port <= last; port += 1) {
    const bound = await bind(host, port);
    if (bound !== null) return bound;
  }
  throw new Error(`no port from ${from} to ${last} is free on ${host}; set ENGINE_PORT`);
}

/** Null when the port is taken. Rejects when the host itself can't be bound. */
function bind(host: string, port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(null);
      else reject(new Error(`ENGINE_HOST ${host} can't be listened on: ${error.message}`));
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}
