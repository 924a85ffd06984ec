// HTTP without an SDK, for what is measured or must not be well-formed.
import { get, request } from 'node:http';
import { agent } from '../probe.mjs';

const JSON_TYPE = { 'content-type': 'application/json' };

/** The body of an answer to GET and its status; on a connection of its own, which leaves nothing open. Rejects when nobody answers. */
export const fetched = (url) =>
  new Promise((resolve, reject) => {
    const take = async (answer) => {
      let text = '';
      for await (const part of answer.setEncoding('utf8')) text += part;
      return { status: answer.statusCode, text };
    };
    get(url, { agent: false }, (answer) => take(answer).then(resolve, reject)).once('error', reject);
  });

/**
 * A whole answer: status (0 when the connection failed), headers, text, and the milliseconds to its first bytes of text and to
 * its end. It never rejects.
 */
export const post = ({ address }, path, body, { headers = {}, connections = agent } = {}) =>
  new Promise((resolve) => {
    const begun = performance.now();
    const failed = ({ message }) =>
      resolve({ status: 0, headers: {}, text: message, firstMs: null, ms: performance.now() - begun });
    const take = async (answer) => {
      let [text, firstMs] = ['', null];
      for await (const part of answer.setEncoding('utf8')) {
        text += part;
        if (/"content":"[^"]/.test(part)) firstMs ??= performance.now() - begun;
      }
      return { status: answer.statusCode, headers: answer.headers, text, firstMs, ms: performance.now() - begun };
    };
    const options = { method: 'POST', headers: { ...JSON_TYPE, ...headers }, agent: connections };
    const sent = request(`${address}${path}`, options, (answer) => take(answer).then(resolve, failed)).once(
      'error',
      failed,
    );
    sent.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  });

/** Not events.once, which rejects when the connection breaks. */
export const closeOf = (socket) =>
  socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve));

/** Whether a text is OpenAI's error body. */
export function isErrorBody(text) {
  try {
    const { error } = JSON.parse(text);
    const strings = [error.message, error.type].every((value) => typeof value === 'string' && value !== '');
    return strings && ['param', 'code'].every((name) => error[name] === null || typeof error[name] === 'string');
  } catch {
    return false;
  }
}
