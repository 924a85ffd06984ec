import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../src/python-engine/process/free-port.js';
import { makeKey } from './made-key.js';
import { RecordedLog } from './recorded-log.js';
import { CHAT, ServedGateway } from './served-gateway.js';

const here = spawnSync('redis-server', ['--version']).status === 0;
if (!here) process.stderr.write('redis-server is not installed: the tests of limits in Redis are skipped\n');

async function redis(port: number): Promise<ChildProcess> {
  const child = spawn('redis-server', [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
  ]);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  while (!/Ready to accept connections/.test(output)) await once(child.stdout, 'data');
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

(here ? describe : describe.skip)('limits in Redis (REDIS_URL)', () => {
  const limited = makeKey('limited', 'requests=3', 'tokens=100000');
  const free = makeKey('free');
  const log = new RecordedLog();
  let port: number;
  let server: ChildProcess;
  let gateways: ServedGateway[];

  beforeAll(async () => {
    port = await freePort('127.0.0.1', 0);
    server = await redis(port);
    const environment = { API_KEYS: `${limited.entry},${free.entry}`, REDIS_URL: `redis://127.0.0.1:${port}` };
    const other = await ServedGateway.start({}, environment);
    // Nest's log is one for the process: that of the last.
    gateways = [await ServedGateway.start({}, environment, { logger: log }), other];
    await log.logged('log', /Redis counts/);
  });
  afterAll(async () => {
    for (const gateway of gateways) await gateway.close();
    await stop(server);
  });

  const post = (gateway: number, { bearer }: { bearer: Record<string, string> }): Promise<Response> =>
    gateways[gateway]!.post(CHAT, { headers: bearer });

  it('are counted over all servers that share it', async () => {
    const remaining: (string | null)[] = [];
    for (const gateway of [0, 1, 0]) {
      const answer = await post(gateway, limited);
      expect(answer.status).toBe(200);
      remaining.push(answer.headers.get('x-ratelimit-remaining-requests'));
    }
    expect(remaining).toEqual(['2', '1', '0']);
    const refused = await post(1, limited);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
  });

  it('answer 503 when it is gone, and the log says why; a key without limits is served; all is well when it is back', async () => {
    await stop(server);
    await log.logged('error', /Redis can't be reached/);
    const refused = await post(0, limited);
    expect(refused.status).toBe(503);
    expect(refused.headers.has('retry-after')).toBe(true);
    expect(await refused.json()).toMatchObject({ error: { code: 'limits_unavailable', type: 'server_error' } });
    expect((await post(0, free)).status).toBe(200);
    server = await redis(port);
    // Its memory is gone, and the counts with it.
    for (let status = 503; status !== 200;) {
      ({ status } = await post(0, limited));
      expect([200, 503]).toContain(status);
    }
  });

  it('answer 503 as well when it takes no part any more without going', async () => {
    server.kill('SIGSTOP');
    expect((await post(0, limited)).status).toBe(503);
    server.kill('SIGCONT');
  });
});
