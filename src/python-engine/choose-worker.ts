import { engineUnavailable, notSupported } from '../openai/error-catalogue.js';
import type { OpenAIError } from '../openai/openai-error.js';
import { place } from './placement.js';
import { whereIs } from './pool-status.js';
import type { PoolMember } from './pool-member.js';
import { lifeOf, modelOf, type WorkerStatus } from './worker-status.js';

const SOON_SECONDS = 2;
const GONE: readonly string[] = ['failed', 'stopped', 'draining'];

/** What a worker has to be able to do. */
export interface Wanted {
  prefix: () => string;
  /** The own id of the model; absent: any. */
  model?: string | undefined;
  /** Lives that are taken only when there is no other. */
  avoid?: ReadonlySet<string>;
  /** Why this one can not; null where it can. */
  refuses: (worker: PoolMember) => OpenAIError | null;
}

/**
 * The ready worker for something, by the prompt's prefix; one whose loop is late only when there is no other. Throws what all
 * of the ready ones refuse it for; 503 where another will come back that does not; `none` where no worker is ready at all.
 */
export function chooseWorker(members: readonly PoolMember[], wanted: Wanted, none: () => Error): PoolMember {
  const { prefix, model, avoid, refuses } = wanted;
  const able = ableOf(members, wanted);
  const beating = preferred(able, ({ beating: beats }) => beats);
  const worker = place(
    preferred(beating, (status) => !avoid?.has(lifeOf(status))),
    prefix,
  );
  if (worker !== undefined) return worker;
  const known = members.filter(({ status }) => model === undefined || modelOf(status)?.id === model);
  const ready = known.filter(({ status }) => status.state === 'ready');
  if (ready.length === 0) throw none();
  const coming = known.filter((other) => !ready.includes(other) && mayCome(other) && refuses(other) === null);
  if (coming.length === 0) throw refuses(ready[0]!) ?? none();
  const states = coming.map(({ status }) => whereIs(status)).join('; ');
  throw engineUnavailable(`The engine that can do this is coming back: ${states}.`, SOON_SECONDS);
}

/** Those that are ready and do not refuse. */
export const ableOf = (
  members: readonly PoolMember[],
  { model, refuses }: Pick<Wanted, 'model' | 'refuses'>,
): readonly PoolMember[] =>
  members.filter(
    (worker) =>
      worker.status.state === 'ready' &&
      (model === undefined || modelOf(worker.status)?.id === model) &&
      refuses(worker) === null,
  );

/** For tokens, which not every engine tells. */
export const refusesTokens = ({ tokenizes }: PoolMember): OpenAIError | null =>
  tokenizes ? null : notSupported('The engine that serves here does not tell how it tokenizes.');

/** An external engine that has never been reached is not waited for. */
const mayCome = ({ status: { state, external } }: PoolMember): boolean =>
  !GONE.includes(state) && (external === null || external.model !== null);

function preferred(workers: readonly PoolMember[], which: (status: WorkerStatus) => boolean): readonly PoolMember[] {
  const some = workers.filter(({ status }) => which(status));
  return some.length > 0 ? some : workers;
}
