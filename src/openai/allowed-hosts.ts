import type { FastifyInstance } from 'fastify';
import { hostNotAllowed } from './error-catalogue.js';
import { isProbe } from './probes.js';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** True when only this machine can reach the address. */
export const isLoopback = (host: string): boolean => LOOPBACK.includes(host) || /^127(\.\d{1,3}){3}$/.test(host);

/**
 * Names a request's Host may have, or null for any. On loopback a page of another site could reach us by a name that it
 * points at 127.0.0.1 (DNS rebinding); beyond loopback the list holds only when it is given.
 */
export function allowedHosts(listenHost: string, extra: readonly string[]): ReadonlySet<string> | null {
  if (!isLoopback(listenHost) && extra.length === 0) return null;
  return new Set([...LOOPBACK, listenHost, ...extra].map((name) => name.toLowerCase()));
}

/** The name in a Host header, without its port and brackets. */
export function hostName(header: string): string {
  const bracketed = /^\[([^\]]*)\](:\d*)?$/.exec(header);
  return (bracketed?.[1] ?? header.replace(/:\d*$/, '')).toLowerCase();
}

/** Refuses with 403, unread, what asks for a host that is not ours. */
export function addHostCheck(server: FastifyInstance, allowed: ReadonlySet<string> | null): void {
  if (allowed === null) return;
  server.addHook('onRequest', (request, _reply, done) => {
    const header = request.headers.host;
    // Only HTTP/1.0 comes without a Host, and no browser speaks it.
    if (header === undefined || isProbe(request.url) || allowed.has(hostName(header))) done();
    else done(hostNotAllowed(header.slice(0, 253)));
  });
}
