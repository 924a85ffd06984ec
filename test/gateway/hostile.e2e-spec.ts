import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServedGateway } from './served-gateway.js';

interface Input {
  name: string;
  bytes: Buffer;
  statuses: number[];
  byEngine?: boolean;
}

const { INPUTS } = (await import(String(new URL('../../bench/faults/hostile-inputs.mjs', import.meta.url)))) as {
  INPUTS: Input[];
};

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await ServedGateway.start();
});
afterAll(() => gateway.close());

/** Everything that the server sends until it closes the connection. */
function answered(bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(gateway.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (part) => (text += String(part)));
    socket.on('error', () => {}).once('close', () => resolve(text));
    socket.write(bytes);
  });
}

describe('hostile input', () => {
  it.each(INPUTS.filter(({ byEngine }) => !byEngine).map((input) => [input.name, input] as const))(
    '%s: a clear answer',
    async (_name, { bytes, statuses }) => {
      const text = await answered(bytes);
      const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]);
      expect(statuses).toContain(status);
      if (status < 400) return;
      const body: unknown = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
      expect(body).toMatchObject({
        error: { message: expect.stringMatching(/./) as unknown, type: expect.stringMatching(/./) as unknown },
      });
      expect(Object.keys((body as { error: object }).error).toSorted()).toEqual(['code', 'message', 'param', 'type']);
    },
  );
});
