import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { BehaviorSubject, defer, type Observable, tap } from 'rxjs';
import { engineUnavailable } from '../openai/error-catalogue.js';
import { OpenAIError } from '../openai/openai-error.js';
import { type Capabilities, capabilitiesOf } from './external/capabilities.js';
import { Ejection, type Sign } from './external/ejection.js';
import { type EngineAddress, engineAddress } from './external/engine-address.js';
import { ExternalClient } from './external/external-client.js';
import { type ExternalHealth, ExternalProbe } from './external/external-health.js';
import { EngineFault } from './external/external-refusal.js';
import { refusalOf } from './external/refusal-of.js';
import { InFlight } from './in-flight.js';
import type { PoolMember } from './pool-member.js';
import type { Supervision } from './supervision.js';
import type { GenerateEvent, GenerateRequest, TokenizablePrompt, TokenizedPrompt, TokenizeOptions } from './worker.js';
import { initialStatus, type WorkerStatus } from './worker-status.js';

const RETRY_SECONDS = 1;

export interface ExternalPlan {
  readonly name: string;
  readonly url: string;
  readonly apiKey: string | null;
  /** The model to ask it for; null for the first that it serves. */
  readonly model: string | null;
  /** Requests that it is sent at once; null: as it tells. */
  readonly maxRequests: number | null;
  /** Whether its own words may be in the log, which can repeat what was asked. */
  readonly logContent: boolean;
  readonly supervision: Supervision;
}

/** Where an engine does not tell how many requests it takes; vLLM's own default. */
const MAX_REQUESTS = 256;

/** An OpenAI-compatible server that somebody else runs: looked at all the time, ejected while it fails. */
export class ExternalWorker implements PoolMember {
  readonly name: string;
  private readonly logger: Logger;
  private readonly address: EngineAddress;
  private readonly client: ExternalClient;
  private readonly probe: ExternalProbe;
  private readonly ejection: Ejection;
  private readonly current: BehaviorSubject<WorkerStatus>;
  private readonly running = new InFlight();
  private readonly stopping = new AbortController();
  private watched: Promise<void> | null = null;
  private capabilities: Capabilities = capabilitiesOf('openai', null);
  private lastTold = '';
  /** Requests that it has failed since it last did one: one that fails wherever it is sent says nothing of the engine. */
  private readonly failedRequests = new Set<string>();

  constructor(readonly plan: ExternalPlan) {
    const { name, url, apiKey, model, supervision } = plan;
    this.name = name;
    this.logger = new Logger(name);
    this.address = engineAddress(url);
    const headers: Record<string, string> = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
    this.client = new ExternalClient(this.address, headers, supervision, name);
    this.probe = new ExternalProbe(this.address, model, headers, supervision.external.probeMs);
    this.ejection = new Ejection(supervision.external);
    this.current = new BehaviorSubject<WorkerStatus>({
      ...initialStatus(name),
      ...{ state: 'connecting', phase: null },
      external: { url: this.address.url, software: null, version: null, model: null, maxRunning: this.limit(null) },
    });
  }

  get status$(): Observable<WorkerStatus> {
    return this.current;
  }

  get status(): WorkerStatus {
    return this.current.value;
  }

  get inFlight(): number {
    return this.running.count;
  }

  get capacity(): number {
    return this.status.external?.maxRunning ?? MAX_REQUESTS;
  }

  get tokenizes(): boolean {
    return this.capabilities.tokenizer !== null;
  }

  refuses(request: GenerateRequest): OpenAIError | null {
    return refusalOf(request, this.capabilities);
  }

  generate(request: GenerateRequest): Observable<GenerateEvent> {
    return defer(() => {
      const model = this.readyModel();
      return this.running.stream(this.client.generate(request, model, this.capabilities)).pipe(
        tap({
          complete: () => this.passed('request'),
          error: (failure: unknown) => this.requestFailed(request.requestId, failure),
        }),
      );
    });
  }

  async tokenize(prompt: TokenizablePrompt, options: TokenizeOptions = {}): Promise<TokenizedPrompt> {
    return this.running.whole(this.client.tokenize(prompt, options, this.readyModel(), this.capabilities));
  }

  async detokenize(tokenIds: readonly number[]): Promise<string> {
    return this.running.whole(this.client.detokenize(tokenIds, this.readyModel(), this.capabilities));
  }

  start(): void {
    if (!this.stopping.signal.aborted) this.watched ??= this.watch();
  }

  /** Lets what it generates finish, for so long at most. Nobody may send it anything more. */
  async retire(timeoutMs: number): Promise<void> {
    await this.running.idle(timeoutMs);
    await this.stop();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([this.client.destroy(), this.probe.close(), this.watched]);
    this.report({ state: 'stopped', beating: false, reason: null });
    this.current.complete();
  }

  /** Throws 503 unless it is ready. */
  private readyModel(): string {
    const { state, external } = this.status;
    const model = external?.model?.id;
    if (state !== 'ready' || !model) throw engineUnavailable(`${this.name} is ${state}.`, RETRY_SECONDS);
    return model;
  }

  private async watch(): Promise<void> {
    const { readyPollMs, external } = this.plan.supervision;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      if (this.ejection.mayLook(Date.now())) await this.look();
      const wait = this.status.state === 'connecting' ? readyPollMs : external.pollMs;
      await sleep(wait, undefined, { signal }).catch(() => {});
    }
  }

  private async look(): Promise<void> {
    const health = await this.probe.ask().catch((failure: unknown) => failure as Error);
    if (this.stopping.signal.aborted) return;
    if (health instanceof Error) {
      this.failed('health', health.message);
      return;
    }
    this.capabilities = capabilitiesOf(health.software, health.version);
    this.passed('health');
    this.report({ state: 'ready', beating: true, reason: null, external: this.described(health) });
  }

  private described({ software, version, model, contextLength, maxRunning }: ExternalHealth): WorkerStatus['external'] {
    return {
      ...{ url: this.address.url, software, version, maxRunning: this.limit(maxRunning) },
      model: { id: model, generation: null, contextLength, vocabSize: null, parameters: null },
    };
  }

  private limit(told: number | null): number {
    return this.plan.maxRequests ?? told ?? MAX_REQUESTS;
  }

  private passed(sign: Sign): void {
    this.ejection.passed(sign, Date.now());
    if (sign === 'health') return;
    this.lastTold = '';
    this.failedRequests.clear();
  }

  /** A refusal is no fault of the engine; one that is busy, or slow because it is, is well. */
  private requestFailed(requestId: string, failure: unknown): void {
    if (!(failure instanceof OpenAIError) || failure.status < 500) return;
    const fault = failure.cause instanceof EngineFault ? failure.cause : new EngineFault(failure.message, undefined);
    // Not a line for each of a hundred streams that end at once; and its own words may repeat what was asked.
    if (fault.brief !== this.lastTold) this.logger.warn(this.plan.logContent ? fault.message : fault.brief);
    this.lastTold = fault.brief;
    if (fault.well || failure.code === 'engine_timeout' || this.failedRequests.has(requestId)) return;
    this.failedRequests.add(requestId);
    this.failed('request', fault.brief);
  }

  private failed(sign: Sign, reason: string): void {
    if (this.ejection.failed(sign, Date.now())) {
      this.failedRequests.clear();
      this.report({ state: 'ejected', beating: false, reason });
    } else if (this.status.state === 'connecting') this.report({ reason });
  }

  private report(report: Partial<WorkerStatus>): void {
    const next = { ...this.status, ...report };
    if (JSON.stringify(next) !== JSON.stringify(this.status)) this.current.next(next);
  }
}
