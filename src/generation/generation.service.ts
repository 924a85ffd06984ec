import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { catchError, defer, type Observable, Subject, tap } from 'rxjs';
import { AdmissionQueue } from '../admission/admission.queue.js';
import { RateLimits } from '../admission/rate-limits.js';
import { Settings } from '../config/settings.js';
import { ANONYMOUS } from '../openai/caller.js';
import { requestTooSlow, shuttingDown } from '../openai/error-catalogue.js';
import { OpenAIError } from '../openai/openai-error.js';
import { asOpenAIError } from '../openai/to-openai-error.js';
import { poolRefusal } from '../python-engine/pool-refusal.js';
import { ServedModels } from '../python-engine/served-models.js';
import type { GenerateEvent, GenerateRequest } from '../python-engine/worker.js';
import { WorkerPool } from '../python-engine/worker-pool.js';
import type { AnswerIdentity } from './answer-identity.js';
import { ContentLog } from './content-log.js';
import { GenerationRecord } from './generation-record.js';
import { metered, tokensEstimate } from './metered.js';
import { resuming, type ResumeLimits } from './resuming.js';
import { systemFingerprint } from './system-fingerprint.js';
import { TokenTimes } from './token-times.js';
import { within } from './within.js';

/** A generation at its beginning. */
export interface Begun {
  record: GenerationRecord;
  request: GenerateRequest;
}

/** A generation through the queue and the pool: the one way to a worker for every dialect. It knows no HTTP. */
@Injectable()
export class GenerationService {
  private readonly logger = new Logger('Generation');
  private readonly resumeLimits: Pick<ResumeLimits, 'tries' | 'waitMs'>;
  private readonly logContent: boolean;
  private readonly limitSeconds: number;
  private readonly begun = new Subject<Begun>();
  private readonly ended = new Subject<GenerationRecord>();

  /** Every generation as it comes, before it waits; who traces it may give it its `traceparent`. */
  readonly begun$ = this.begun.asObservable();

  /** The tokens of all generations, as they come. */
  readonly tokenTimes = new TokenTimes();

  /** Every generation at its end, for whoever counts. */
  readonly ended$ = this.ended.asObservable();

  constructor(
    private readonly queue: AdmissionQueue,
    private readonly pool: WorkerPool,
    private readonly models: ServedModels,
    private readonly limits: RateLimits,
    settings: Settings,
  ) {
    this.resumeLimits = { tries: settings.resumeTries, waitMs: settings.resumeWaitSeconds * 1000 };
    this.logContent = settings.logContent;
    this.limitSeconds = settings.requestTimeoutSeconds;
  }

  /** `prefix` is the dialect's own: chatcmpl-, cmpl-, resp_, msg_. */
  identify(prefix: string, model: string): AnswerIdentity {
    const ready = this.pool.status.workers.filter(({ state }) => state === 'ready');
    // Which of them will answer is not known yet, and an external engine does not tell what it computes with.
    const engine = ready.every(({ external }) => external === null) ? ready[0]?.engine : null;
    return {
      id: `${prefix}${randomUUID().replaceAll('-', '')}`,
      created: Math.floor(Date.now() / 1000),
      model,
      fingerprint: engine ? systemFingerprint(engine) : null,
    };
  }

  /** Unsubscribing ends the generation wherever it is: in the queue, in the prompt or in the answer. */
  generate(request: GenerateRequest, record: GenerationRecord): Observable<GenerateEvent> {
    const work = (): Observable<GenerateEvent> => {
      record.started();
      const { traceparent } = record;
      const model = this.models.own(record.model);
      const placed = { ...request, ...(model === undefined ? {} : { model }), ...saltOf(record) };
      return resuming(this.pool, traceparent === null ? placed : { ...placed, traceparent }, {
        ...this.resumeLimits,
        onResume: () => record.resumed(),
        onWorker: (worker) => (record.worker = worker),
      });
    };
    return defer(() => {
      if (this.logContent) record.content = new ContentLog(request.prompt);
      this.begun.next({ record, request });
      this.refuseEarly(record.model);
      const caller = record.request?.caller ?? ANONYMOUS;
      const claim = { weight: request.n, tokens: tokensEstimate(request), caller: caller.name };
      return metered(this.limits, request, record, this.queue.run(work, claim));
    }).pipe(
      within(
        () => this.leftMs(record),
        () => requestTooSlow(this.limitSeconds),
      ),
      catchError((failure: unknown) => {
        throw clientsNames(failure);
      }),
      tap({
        next: (event) => record.take(event, this.tokenTimes),
        complete: () => record.end('finished'),
        error: (failure: unknown) => this.failed(failure, record),
        finalize: () => {
          record.end('aborted');
          this.ended.next(record);
        },
      }),
    );
  }

  /** What newly arrives while nothing can serve it is told so; only what was accepted waits for a worker to return. */
  refuseEarly(model: string): void {
    const { status } = this.pool;
    if (this.queue.status.closed) throw shuttingDown();
    if (!status.ready) throw poolRefusal(status);
    this.models.check(model);
  }

  /** Until the request is over its time, of which each of its prompts has what the ones before have left. */
  private leftMs({ request }: GenerationRecord): number {
    return Math.max(0, this.limitSeconds * 1000 - (request?.elapsedMs ?? 0));
  }

  private failed(failure: unknown, record: GenerationRecord): void {
    const error = asOpenAIError(failure);
    record.end(record.firstTokenMs === null ? 'refused' : 'failed', error.code);
    if (error.status !== 500) return;
    const cause = error.cause instanceof Error ? error.cause : error;
    this.logger.error({ message: `generation failed: ${cause.message}`, completion_id: record.id, stack: cause.stack });
  }
}

/** What one key has asked no other learns from the prefix cache. */
function saltOf({ request }: GenerationRecord): Pick<GenerateRequest, 'cacheSalt'> {
  const caller = request?.caller ?? ANONYMOUS;
  return caller === ANONYMOUS ? {} : { cacheSalt: caller.name };
}

/** In every dialect a sampling parameter is a field of the body itself. */
function clientsNames(failure: unknown): unknown {
  if (!(failure instanceof OpenAIError) || !failure.param?.startsWith('sampling.')) return failure;
  return failure.renamed(failure.param.slice('sampling.'.length), failure.message.replaceAll('sampling.', ''));
}
