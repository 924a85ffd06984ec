// What the Node suites share: a check is a sentence of behaviour and a function that throws where it does not hold.
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';

export const { REAL_URL, FAKE_URL } = process.env;
const { RESULTS, FAKE_CONTROL } = process.env;
const CHECK_MS = 120_000;

/** Runs it, and writes what became of it for the table. */
export async function check(name, body) {
  const result = { check: name, ok: true };
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${CHECK_MS / 1000} s`)), CHECK_MS);
  });
  try {
    await Promise.race([body(), late]);
  } catch (error) {
    Object.assign(result, { ok: false, reason: `${error?.name}: ${error?.message}` });
    console.error(name, error);
  } finally {
    clearTimeout(timer);
  }
  appendFileSync(RESULTS, `${JSON.stringify(result)}\n`);
}

const PLAIN = {
  reply: 'The quick brown fox jumps over the lazy dog.',
  tokenDelayMs: 0,
  refuse: null,
  errorAfterTokens: null,
  cutAfterTokens: null,
};

/** What the fake engine does from now on; what is not named is as at its start. */
export async function script(changes) {
  const answer = await fetch(`${FAKE_CONTROL}/fake/script`, {
    method: 'POST',
    body: JSON.stringify({ ...PLAIN, ...changes }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** A call as the model writes it. */
export const callText = (name, args) => `<tool_call>{"name":"${name}","arguments":${args}}</tool_call>`;

/** The error that a promise, or a function that gives one, ends with; fails where there is none. */
export async function failureOf(work) {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'expected a failure, but there was none' });
}
