import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DONE, EventStream, failureEvents } from './event-stream.js';
import { OpenAIError } from './openai-error.js';

let server: Server;

afterEach(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))));

/** What a client gets of `answer`, on a real connection. */
async function answerOf(
  answer: (stream: EventStream, response: ServerResponse) => void,
  pingMs = 10_000,
): Promise<Response> {
  server = createServer((_request, response) => {
    const limits = { pingMs, bufferBytes: 2 ** 20, stallMs: 10_000 };
    answer(
      new EventStream(
        response,
        limits,
        () => response.setHeader('x-before', '1'),
        () => {},
      ),
      response,
    );
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

describe('EventStream', () => {
  it('sends the headers with the first event, after what must come before them', async () => {
    const opened: boolean[] = [];
    const answer = await answerOf((stream) => {
      opened.push(stream.opened);
      stream.write('data: 1\n\n');
      opened.push(stream.opened);
      stream.end(DONE);
    });
    expect(opened).toEqual([false, true]);
    expect(answer.headers.get('x-before')).toBe('1');
    expect(await answer.text()).toBe('data: 1\n\ndata: [DONE]\n\n');
  });

  it('pings in silence only', async () => {
    const answer = await answerOf((stream) => {
      stream.start();
      stream.start(); // a generation that was sent again
      const busy = setInterval(() => stream.write('data: 1\n\n'), 10);
      setTimeout(() => clearInterval(busy), 300);
      setTimeout(() => stream.end(DONE), 520);
    }, 150);
    const events = (await answer.text()).split('\n\n');
    const firstPing = events.indexOf(': ping');
    expect(firstPing).toBeGreaterThan(3);
    expect(events.slice(firstPing)).toEqual([': ping', 'data: [DONE]', '']);
  });

  it('writes nothing after its end', async () => {
    const error = new OpenAIError({ status: 500, message: 'x' });
    const answer = await answerOf((stream) => {
      stream.end(failureEvents(error));
      stream.write('data: 2\n\n');
      stream.end(DONE);
    });
    expect(await answer.text()).toBe(`data: ${JSON.stringify(error.body)}\n\ndata: [DONE]\n\n`);
  });
});
