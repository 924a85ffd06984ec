import { createHash, timingSafeEqual } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import type { ApiKey } from './api-key.js';
import { keysRequired } from './check-access.js';
import { keysGiven, keysOfFile } from './read-keys.js';

/** By stat, not by events: a mounted secret is replaced by turning a link, which no event of the file tells. */
const LOOK_MS = 1000;

/** The keys that are valid now. API_KEYS_FILE is read again when it changes; a file that can't be read changes nothing. */
@Injectable()
export class KeyRing implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('Keys');
  private readonly given: readonly ApiKey[];
  private ofFile: readonly ApiKey[] = [];
  private readonly reload = (): void => this.readAgain();

  constructor(private readonly settings: Settings) {
    this.given = keysGiven(settings);
    const { apiKeysFile } = settings;
    if (apiKeysFile === null) return;
    // Watched before it is read, so that no change falls between.
    watchFile(apiKeysFile, { interval: LOOK_MS, persistent: false }, this.reload);
    this.ofFile = keysOfFile(apiKeysFile);
  }

  onModuleInit(): void {
    if (this.required) this.logger.log(`keys of ${this.names}`);
    else if (this.settings.allowAnonymous) this.logger.warn('no key is asked for: ALLOW_ANONYMOUS=true');
    else this.logger.log(`no key is set: only this machine is served, on ${this.settings.host}`);
  }

  onModuleDestroy(): void {
    if (this.settings.apiKeysFile !== null) unwatchFile(this.settings.apiKeysFile, this.reload);
  }

  get required(): boolean {
    return keysRequired(this.settings);
  }

  /** Every entry is compared, whole, whichever matches: time tells nothing of the keys. */
  find(presented: string): ApiKey | null {
    const hash = createHash('sha256').update(presented).digest();
    let found: ApiKey | null = null;
    for (const keys of [this.given, this.ofFile]) {
      for (const key of keys) if (timingSafeEqual(key.hash, hash)) found = key;
    }
    return found;
  }

  private readAgain(): void {
    try {
      this.ofFile = keysOfFile(this.settings.apiKeysFile ?? '');
      this.logger.log(`keys read again: ${this.names}`);
    } catch (failure) {
      this.logger.error(`API_KEYS_FILE can't be used, the keys before it hold: ${(failure as Error).message}`);
    }
  }

  private get names(): string {
    return [...new Set([...this.given, ...this.ofFile].map(({ name }) => name))].join(', ');
  }
}
