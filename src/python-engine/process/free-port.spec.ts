import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort } from './free-port.js';

const servers: Server[] = [];

async function listen(port: number): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

describe('freePort', () => {
  it('gives the port asked for when nobody listens on it', async () => {
    const port = await freePort('127.0.0.1', 0);
    expect(await freePort('127.0.0.1', port)).toBe(port);
  });

  it('gives a later port when the one asked for is taken', async () => {
    const taken = await listen(0);
    const port = await freePort('127.0.0.1', taken);
    expect(port).toBeGreaterThan(taken);
    expect(await listen(port)).toBe(port);
  });

  it('names the host that can not be listened on', async () => {
    await expect(freePort('192.0.2.1', 0)).rejects.toThrow('ENGINE_HOST 192.0.2.1');
  });
});
