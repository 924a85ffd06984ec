import { Injectable } from '@nestjs/common';
import { defer, from, shareReplay, tap, type Observable } from 'rxjs';
import { Settings } from '../config/settings.js';
import type { ModelProgress } from './model-progress.js';
import { projectRoot } from './project-root.js';
import { initialProgress, resolveModel } from './resolve-model.js';

export type { ModelProgress } from './model-progress.js';

/** Which model is served, and how far it is on its way to the disk. */
@Injectable()
export class ModelManager {
  private latest: ModelProgress;
  private readonly resolved: Observable<ModelProgress>;

  constructor(settings: Settings) {
    this.latest = initialProgress(settings.model);
    this.resolved = defer(() => from(resolveModel(settings, projectRoot(import.meta.url)))).pipe(
      tap((progress) => (this.latest = progress)),
      shareReplay({ bufferSize: 1, refCount: false }),
    );
  }

  get progress(): ModelProgress {
    return this.latest;
  }

  /** Starts with the first subscriber and runs once; later ones get the newest progress and what follows. */
  resolve(): Observable<ModelProgress> {
    return this.resolved;
  }
}
