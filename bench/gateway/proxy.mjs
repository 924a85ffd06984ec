// The floor of one more hop: a proxy of node:http that passes on what it reads. Arguments: its port and the engine's.
import { Agent, createServer, request } from 'node:http';

const [port, enginePort] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true });

createServer((asked, response) => {
  const { url: path, method, headers } = asked;
  const passed = request({ host: '127.0.0.1', port: enginePort, path, method, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers).flushHeaders();
    answer.pipe(response);
  });
  asked.pipe(passed);
}).listen(port, '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
