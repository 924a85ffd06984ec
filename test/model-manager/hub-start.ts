import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { firstValueFrom, filter, lastValueFrom, timeout } from 'rxjs';
import { readSettings } from '../../src/config/read-settings.js';
import { ModelManager, type ModelProgress } from '../../src/model-manager/model-manager.service.js';
import { HubRepository } from '../hub-server/hub-repository.js';
import { HubServer } from '../hub-server/hub-server.js';

/** Ten times and more what anything here takes; only a failure waits for so long. */
export const DEADLINE_MS = 30_000;
export const MODEL = 'model_000001.pt';

Logger.overrideLogger(false);

/** A Hub with one golden checkpoint, and a home of the Hub's tools that is empty at first. */
export class HubStart {
  readonly repository: HubRepository;
  readonly home = mkdtempSync(join(tmpdir(), 'hub-home-'));
  private readonly managers: ModelManager[] = [];

  private constructor(
    readonly hub: HubServer,
    repository: HubRepository,
  ) {
    this.repository = repository;
  }

  static async create(repository = HubRepository.golden('org/golden')): Promise<HubStart> {
    return new HubStart(await HubServer.start(repository), repository);
  }

  get environment(): Record<string, string> {
    return {
      ...{ MODEL: this.repository.name, HF_ENDPOINT: this.hub.endpoint, HF_HOME: this.home },
      ...{ HUB_RETRY_SECONDS: '0.01', HUB_STALL_SECONDS: '20' },
    };
  }

  get cache(): string {
    return join(this.home, 'hub', `models--${this.repository.name.replace('/', '--')}`);
  }

  get snapshot(): string {
    return join(this.cache, 'snapshots', this.repository.commit);
  }

  get blobs(): string[] {
    return readdirSync(join(this.cache, 'blobs')).toSorted();
  }

  blob(path: string): string {
    return join(this.cache, 'blobs', this.repository.file(path).etag);
  }

  manager(environment: Record<string, string> = {}): ModelManager {
    const manager = new ModelManager(readSettings({ ...this.environment, ...environment }));
    this.managers.push(manager);
    return manager;
  }

  /** What one start comes to. */
  async resolve(environment: Record<string, string> = {}): Promise<ModelProgress> {
    return lastValueFrom(
      this.manager(environment)
        .resolve()
        .pipe(timeout({ first: DEADLINE_MS })),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.managers.map((manager) => manager.stop()));
    await this.hub.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** The first progress that is `what`. */
export const until = (manager: ModelManager, what: (progress: ModelProgress) => boolean): Promise<ModelProgress> =>
  firstValueFrom(manager.progress$.pipe(filter(what), timeout(DEADLINE_MS)));
