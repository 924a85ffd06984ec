import { CLIENT_EXTRAS, type IsNeutral, OLD_NAMES, only } from '../generation/client-extras.js';

/** Fields that change nothing at these values, beside those of every client. */
export const COMPLETION_EXTRAS: ReadonlyMap<string, IsNeutral> = new Map([
  ...[...CLIENT_EXTRAS, ...OLD_NAMES].filter(([name]) => name !== 'best_of'),
  ['calculator', only(false)], // what is completed is the text alone
  ['suffix', only('')],
  ['prompt_logprobs', only()], // vLLM's; echo with logprobs tells them
  ['add_special_tokens', only(true)], // vLLM's
]);
