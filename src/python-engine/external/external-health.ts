import { Pool } from 'undici';
import { parseEngineHealth } from '../client/engine-health.js';
import type { Software } from './capabilities.js';
import type { EngineAddress } from './engine-address.js';

const MAX_BODY_BYTES = 1024 * 1024;

/** What an external engine says of itself. */
export interface ExternalHealth {
  software: Software;
  version: string | null;
  /** The name that it knows its model by. */
  model: string;
  contextLength: number | null;
  /** Requests that it computes at once; null where it does not tell. */
  maxRunning: number | null;
}

type Json = Record<string, unknown>;

/** Asks an external engine how it is, on connections of its own, so that it never waits behind a generation. */
export class ExternalProbe {
  private readonly pool: Pool;

  constructor(
    private readonly address: EngineAddress,
    /** Of `ENGINE_MODEL`; null takes the first that it serves. */
    private readonly model: string | null,
    private readonly headers: Readonly<Record<string, string>>,
    private readonly timeoutMs: number,
  ) {
    this.pool = new Pool(address.origin, { connections: 2, maxResponseSize: MAX_BODY_BYTES, allowH2: false });
  }

  /** Rejects with the reason, for people, where it can't serve. */
  async ask(): Promise<ExternalHealth> {
    const signal = AbortSignal.timeout(this.timeoutMs);
    const { status, json } = await this.get('/v1/models', signal);
    if (status === 401 || status === 403) throw new Error(`it refuses ENGINE_API_KEY (${status} for /v1/models)`);
    if (status !== 200) throw new Error(`it answers ${status} for /v1/models`);
    const card = this.card(json);
    const health = await this.get('/health', signal);
    // A router in front of engines may have no such route.
    if (health.status >= 500) throw new Error(`its health is ${health.status}`);
    return this.detailed(card, health.json, signal);
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private card(list: Json | null): Json & { id: string } {
    const data = Array.isArray(list?.['data']) ? list['data'].map(record) : [];
    const cards = data.filter((card): card is Json & { id: string } => isName(card?.['id']));
    const found = this.model === null ? cards[0] : cards.find(({ id }) => id === this.model);
    if (found !== undefined) return found;
    if (this.model === null) throw new Error('it serves no model, by its /v1/models');
    const others = cards.slice(0, 8).map(({ id }) => id);
    throw new Error(`it does not serve ENGINE_MODEL=${this.model}, but ${others.join(', ') || 'no model'}`);
  }

  private async detailed(
    card: Json & { id: string },
    health: Json | null,
    signal: AbortSignal,
  ): Promise<ExternalHealth> {
    const software = softwareOf(card);
    const own = software === 'nanochat-engine' ? parseEngineHealth(JSON.stringify(health)) : null;
    const common = { software, model: card.id, contextLength: number(card['max_model_len']), maxRunning: null };
    if (own !== null) {
      const { version, maxRunning, model } = own;
      return { ...common, version, maxRunning, contextLength: model?.contextLength ?? null };
    }
    if (software === 'vllm') {
      const { json } = await this.get('/version', signal);
      return { ...common, version: text(json?.['version']) };
    }
    if (software === 'llama-server') {
      const { json: props } = await this.get('/props', signal);
      const contextLength = number(record(props?.['default_generation_settings'])?.['n_ctx']);
      return {
        ...common,
        version: text(props?.['build_info']),
        contextLength,
        maxRunning: number(props?.['total_slots']),
      };
    }
    const ray = number(record(card['rayllm_metadata'])?.['max_request_context_length']);
    return { ...common, version: null, contextLength: common.contextLength ?? ray };
  }

  private async get(route: string, signal: AbortSignal): Promise<{ status: number; json: Json | null }> {
    const { statusCode, body } = await this.pool
      .request({ path: `${this.address.root}${route}`, method: 'GET', headers: this.headers, signal })
      .catch((failure: unknown) => {
        throw new Error(`${route} is not answered: ${reasonOf(failure)}`);
      });
    const told = await body.text().catch(() => '');
    return { status: statusCode, json: parsed(told) };
  }
}

/** A gateway of ours tells more of a model than our engine's own routes do. */
function softwareOf(card: Json): Software {
  const owner = text(card['owned_by']);
  if (owner === 'nanochat') return record(card['nanochat']) === null ? 'nanochat-engine' : 'nanochat';
  if (owner === 'vllm') return 'vllm';
  if (owner === 'llamacpp') return 'llama-server';
  if (record(card['rayllm_metadata']) !== null) return 'ray-serve';
  return text(record(card['status'])?.['value']) === null ? 'openai' : 'transformers';
}

function reasonOf(failure: unknown): string {
  const { name, code, message } = failure as Error & { code?: unknown };
  return name === 'TimeoutError' ? 'not in time' : typeof code === 'string' ? code : message;
}

function parsed(body: string): Json | null {
  try {
    return record(JSON.parse(body));
  } catch {
    return null;
  }
}

const record = (value: unknown): Json | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;

const isName = (value: unknown): boolean => typeof value === 'string' && /^\S{1,256}$/.test(value);

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value.slice(0, 64) : null);

const number = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
