import { once } from 'node:events';

/** Arguments of a Node process whose heap is looked at. */
export const INSPECTED = ['--inspect=127.0.0.1:0'];

/** Bytes of a Node process's heap after a collection; it was started with INSPECTED. */
export async function heapOf({ output }) {
  const address = /ws:\/\/127\.0\.0\.1:\d+\/\S+/.exec(output)?.[0];
  if (address === undefined) throw new Error('the gateway was not started with --inspect');
  const socket = new WebSocket(address);
  await once(socket, 'open');
  const ask = async (id, method) => {
    socket.send(JSON.stringify({ id, method }));
    for (;;) {
      const [{ data }] = await once(socket, 'message');
      const answer = JSON.parse(data);
      if (answer.id === id) return answer.result;
    }
  };
  await ask(1, 'HeapProfiler.collectGarbage');
  await ask(2, 'HeapProfiler.collectGarbage'); // what the first has only made free to be finalised
  const { usedSize } = await ask(3, 'Runtime.getHeapUsage');
  socket.close();
  await once(socket, 'close');
  return usedSize;
}
