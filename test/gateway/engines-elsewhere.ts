import type { WorkerState } from '../../src/python-engine/worker-state.js';
import { FakeOpenAIEngine } from '../fake-engine/openai-engine.js';
import { chunksOf } from './event-lines.js';
import type { RecordedLog } from './recorded-log.js';
import { ServedGateway } from './served-gateway.js';

/** What the engines recite. */
export const REPLY = 'The quick brown fox jumps.';

type Script = Parameters<typeof FakeOpenAIEngine.start>[0];

/** A gateway in front of engines that run elsewhere. */
export interface InFront {
  gateway: ServedGateway;
  engines: FakeOpenAIEngine[];
}

/** Without a worker of its own unless the environment says so; resolves when all are ready. */
export async function inFrontOf(
  scripts: Script[],
  environment: Record<string, string> = {},
  log?: RecordedLog,
): Promise<InFront> {
  const engines = await Promise.all(scripts.map((script) => FakeOpenAIEngine.start(script)));
  const urls = engines.map(({ url }, index) => (index === 0 ? `${url}/v1/` : url)).join(',');
  const gateway = await ServedGateway.start({}, { ENGINE_URLS: urls, ...environment }, { logger: log ?? false });
  await gateway.until(({ workers }) => workers.every(({ state }) => state === 'ready'));
  return { gateway, engines };
}

export async function closeAll({ gateway, engines }: InFront): Promise<void> {
  await gateway.close();
  await Promise.all(engines.map((engine) => engine.die()));
}

export const becomes = (gateway: ServedGateway, index: number, state: WorkerState) =>
  gateway.until(({ workers }) => workers[index]?.state === state);

export async function probe(
  { address }: ServedGateway,
  which: 'live' | 'ready',
): Promise<{ status: number; body: string }> {
  const answer = await fetch(`${address}/health/${which}`);
  return { status: answer.status, body: await answer.text() };
}

export const textOf = (stream: string): string =>
  chunksOf(stream)
    .map(({ choices }) => choices[0]?.delta?.content ?? '')
    .join('');
