import type { IncomingMessage } from 'node:http';

/**
 * Calls `gone` once when the client's connection closes, also when it has closed already; the returned function stops
 * listening. The socket is watched, not the response: a response that waits its turn on a connection is never closed.
 */
export function onDisconnect(request: IncomingMessage, gone: () => void): () => void {
  const { socket } = request;
  if (socket.destroyed) {
    queueMicrotask(gone);
    return () => {};
  }
  socket.once('close', gone);
  return () => socket.off('close', gone);
}
