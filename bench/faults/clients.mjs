// Clients that go away at random moments: nothing of them is left.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { keenAnswerOf, story, whole } from './chat.mjs';
import { atMost, pick } from './figures.mjs';
import { closeOf } from './http.mjs';
import { atRest } from './idle.mjs';
import { withGateway } from './server.mjs';

const CLIENTS = 500;
/** More than run at once, so that some go while they wait in the queue. */
const AT_ONCE = 64;
const LONG = 'One more thing about the fox and the hen. '.repeat(60);
/** How long a client stays at the most, by where it goes away. */
const STAYS = { connected: 30, headers: 30, body: 30, answer: 1500 };

export const limitMinutes = () => 10;

export const run = ({ options, random }) =>
  withGateway({ MODEL: options.modelPath, WORKERS: String(options.workers) }, async (gateway) => {
    const normal = () => Promise.all(Array.from({ length: 16 }, (_, index) => keenAnswerOf(gateway, story(index))));
    await normal();
    const before = await atRest(gateway);
    const gone = { ...Object.fromEntries(Object.keys(STAYS).map((stage) => [stage, 0])), unread: 0 };
    let left = CLIENTS;
    const loop = async () => {
      while (left-- > 0) await visit(gateway, random, gone);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, loop));
    const after = await atRest(gateway, before);
    const lost = (await normal()).filter((answer) => !whole(answer)).length;
    const { requests_aborted_total: aborted = 0 } = await gateway.metrics();
    const goals = Object.keys(before).map((name) => atMost(`${name} left`, after[name] - before[name], 0));
    goals.push(atMost('normal requests lost afterwards', lost, 0));
    return { figures: { clients: CLIENTS, gone, aborted, before, after }, goals };
  });

/** One client, from its connection to the moment it goes; half of them reset the connection. */
async function visit(gateway, random, gone) {
  const stage = pick(random, Object.keys(STAYS));
  const [whole, share] = [requestOf(random), random()];
  const socket = connect(Number(new URL(gateway.address).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.on('data', () => {});
  await once(socket, 'connect');
  socket.write(whole.slice(0, cut(stage, whole, share)));
  await sleep(random() * STAYS[stage]);
  if (stage === 'answer' && socket.bytesRead === 0) gone.unread++;
  gone[stage]++;
  if (random() < 0.5) socket.destroy();
  else socket.resetAndDestroy();
  await closeOf(socket);
}

function requestOf(random) {
  const stream = random() < 0.7;
  const messages = [{ role: 'user', content: `${random()} ${random() < 0.5 ? LONG : 'A story about a fox.'}` }];
  const more = { max_tokens: 300, n: pick(random, [1, 1, 1, 2, 4]), messages, stream };
  const body = JSON.stringify(story(1, stream ? more : { ...more, stream_options: null }));
  const head = ['POST /v1/chat/completions HTTP/1.1', 'host: localhost', 'content-type: application/json'];
  return `${head.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** How much of its request a client sends before it goes. */
function cut(stage, request, share) {
  const head = request.indexOf('\r\n\r\n') + 4;
  if (stage === 'connected') return 0;
  if (stage === 'headers') return Math.floor(share * head);
  return stage === 'body' ? head + Math.floor(share * (request.length - head)) : request.length;
}
