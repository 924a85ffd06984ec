// What a fake engine does, as plain data. Every life of a child follows one script; `lives` gives each its own.

export const DEFAULTS = {
  // Start-up.
  loadMs: 0, // spent in each of loading and warming
  holdAt: null, // 'loading' or 'warming': stays there until told otherwise
  listenAfterMs: 0, // before it listens at all
  neverReady: false,
  exitBeforeReady: null, // an exit code, or a signal's name
  exitAfterReadyMs: null, // a crash at this age of ready
  exitCode: 1, // of crashes after ready
  log: [], // lines for stdout, objects as JSON
  errorLog: [], // lines for stderr
  helper: false, // starts a child of its own, which holds its output open and would outlive it
  // Health.
  nonce: null, // a wrong one
  healthSilent: false, // once ready, health is no longer answered
  longestStepSeconds: 0.01,
  hoardBytes: 0, // memory that it takes and keeps
  maxRunning: 16,
  model: { id: 'fake', generation: 'G5', context_length: 2048, vocab_size: 4096, parameters: 8000000 },
  diesOfTokens: false, // asked for tokens, it is gone
  // Going down.
  ignoreSigterm: false,
  drainMs: 0,
  // Generations.
  reply: 'The quick brown fox jumps over the lazy dog.',
  tokens: null, // the bytes of each token, instead of the reply's words
  details: {}, // of some tokens, by place: { hidden (no text), calculations, logprob }
  replies: {}, // replies to some prompts, by their text
  refusals: {}, // refusals of some prompts, by their text, as refuse
  promptTokens: 9,
  stop: null, // the stop string that ends the reply
  tokenDelayMs: 0,
  tokensPerLine: 1,
  admitDelayMs: 0, // before the 200
  firstTokenDelayMs: 0, // after the 200
  refuse: null, // { status, code, message, param, type, retryAfter }
  errorNow: false, // the same at the next token, for a control request in mid-stream
  errorAfterTokens: null, // an error line instead of the rest
  cutAfterTokens: null, // the stream ends without its last line
  crashAfterTokens: null,
  stallAfterTokens: null, // sends no more, and goes on beating
  hangAfterTokens: null, // sends no more, and its beat stops while it is working
};

/** The script of the `life`-th child, counted from 0; the last of `lives` repeats. */
export function scriptOfLife({ lives = [], ...common }, life) {
  const own = lives.length === 0 ? {} : lives[Math.min(life, lives.length - 1)];
  return check({ ...DEFAULTS, ...common, ...own });
}

/** A misspelt name would make a test that can't fail. */
export function check(script) {
  for (const name of Object.keys(script)) {
    if (!(name in DEFAULTS)) throw new Error(`the fake engine knows no '${name}'`);
  }
  return script;
}
