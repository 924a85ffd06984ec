import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { BehaviorSubject, Observable, shareReplay, tap } from 'rxjs';
import { Settings } from '../config/settings.js';
import { initialProgress, type ModelProgress } from './model-progress.js';
import { ProgressLog } from './progress-log.js';
import { projectRoot } from './project-root.js';
import { resolveModel } from './resolve-model.js';

export type { ModelProgress } from './model-progress.js';

/** Which model is served, and how far it is on its way to the disk. */
@Injectable()
export class ModelManager implements OnApplicationShutdown {
  private readonly logger = new Logger(ModelManager.name);
  private readonly stopping = new AbortController();
  private readonly current: BehaviorSubject<ModelProgress>;
  private readonly resolved: Observable<ModelProgress>;
  private resolving: Promise<void> = Promise.resolve();

  constructor(settings: Settings) {
    this.current = new BehaviorSubject(initialProgress(settings.model));
    const log = new ProgressLog(this.logger);
    this.resolved = new Observable<ModelProgress>((subscriber) => {
      this.resolving = resolveModel({
        ...{ settings, projectRoot: projectRoot(import.meta.url), signal: this.stopping.signal },
        emit: (progress) => subscriber.next(progress),
        warn: (message) => this.logger.warn(message),
      }).then(() => subscriber.complete());
    }).pipe(
      tap((progress) => {
        this.current.next(progress);
        log.take(progress);
      }),
      shareReplay({ bufferSize: 1, refCount: false }),
    );
  }

  get progress(): ModelProgress {
    return this.current.value;
  }

  /** The newest progress and what follows; it starts nothing. */
  get progress$(): Observable<ModelProgress> {
    return this.current;
  }

  /** Starts with the first subscriber and runs once; later ones get the newest progress and what follows. */
  resolve(): Observable<ModelProgress> {
    return this.resolved;
  }

  /** Ends a download at once; what has come stays on the disk for the next start. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.resolving;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stop();
  }
}
