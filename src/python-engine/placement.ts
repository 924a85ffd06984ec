import { createHash } from 'node:crypto';
import type { Prompt } from './worker.js';

/** Of the mean number of generations a worker may have so much before others with a free place go first. */
const BOUND = 1.25;
/** A prompt is known by its beginning: what later turns of a chat share, and enough of a text. */
const TEXT_CHARS = 1024;
const TOKENS = 256;

interface Place {
  readonly name: string;
  readonly inFlight: number;
  /** How much it can do beside others; 1 where it does not say. */
  readonly capacity?: number;
}

/**
 * What requests that share a prefix have in common: of a chat the messages up to the first from the user, which all its later
 * turns repeat. Those of different salts have nothing.
 */
export function prefixOf(prompt: Prompt, salt?: string): string {
  return salt === undefined ? beginningOf(prompt) : `${salt}\n${beginningOf(prompt)}`;
}

function beginningOf(prompt: Prompt): string {
  if ('text' in prompt) return prompt.text.slice(0, TEXT_CHARS);
  if ('tokenIds' in prompt) return prompt.tokenIds.slice(0, TOKENS).join();
  const first = prompt.messages.findIndex(({ role }) => role === 'user');
  return JSON.stringify(prompt.messages.slice(0, first + 1).map(({ role, content }) => [role, content]));
}

/**
 * The worker for a prefix: rendezvous hashing (Thaler and Ravishankar, 1998), so that a worker that comes or goes moves only
 * its own prefixes, with bounded loads (Mirrokni, Thorup and Zadimoghaddam, 2018), so that a popular one overloads nobody.
 * The bound of each follows its share of the capacity.
 */
export function place<T extends Place>(workers: readonly T[], prefixOf: () => string): T | undefined {
  if (workers.length < 2) return workers[0];
  const prefix = prefixOf();
  const total = workers.reduce((sum, { inFlight }) => sum + inFlight, 0);
  const capacities = workers.reduce((sum, { capacity = 1 }) => sum + capacity, 0);
  const most = ({ capacity = 1 }: T): number => Math.max(1, Math.floor((BOUND * (total + 1) * capacity) / capacities));
  const limit = (worker: T): number => Math.min(most(worker), worker.capacity ?? Infinity);
  const ranked = workers
    .map((worker) => ({ worker, rank: createHash('sha1').update(`${worker.name}\n${prefix}`).digest('hex') }))
    .toSorted((a, b) => (a.rank < b.rank ? 1 : -1));
  const affine = ranked.find(({ worker }) => worker.inFlight < limit(worker))?.worker;
  const load = ({ inFlight, capacity = 1 }: T): number => inFlight / capacity;
  return affine ?? workers.toSorted((a, b) => load(a) - load(b))[0];
}
