import { modelOf, type WorkerStatus } from './python-engine/worker-status.js';

export interface ReadyBanner {
  message: string;
  address: string;
  model: string | null;
  device: string | null;
  dtype: string | null;
  quantization: string | null;
  kernel: string | null;
  batch_invariant: boolean | null;
  try: string;
  [field: string]: unknown;
}

const BODY =
  '{"model":"nanochat","stream":true,"messages":[{"role":"user","content":"Tell me a brief story about a fox."}]}';

/** What somebody who has just started the server wants to know, with a line to paste. */
export function readyBanner(
  address: string,
  worker: Pick<WorkerStatus, 'engine' | 'external'> | null,
  keyed = false,
): ReadyBanner {
  const engine = worker?.engine;
  const key = keyed ? ` -H "Authorization: Bearer $KEY"` : '';
  return {
    message: 'ready',
    address,
    model: (worker && modelOf(worker)?.id) ?? null,
    ...(worker?.external ? { engine: worker.external.url } : {}),
    device: engine?.device ?? null,
    dtype: engine?.dtype ?? null,
    quantization: engine?.quantization ?? null,
    kernel: engine?.kernel ?? null,
    batch_invariant: engine?.batchInvariant ?? null,
    try: `curl -N ${address}/v1/chat/completions${key} -H 'Content-Type: application/json' -d '${BODY}'`,
  };
}

/** The address to use from this machine: a wildcard is no address. */
export function addressOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
