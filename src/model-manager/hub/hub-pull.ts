import type { CheckpointChoice } from '../checkpoint/choose-folder.js';
import type { HubCache } from './hub-cache.js';
import type { HubClient } from './hub-client.js';
import type { RetryPolicy } from './retrying.js';
import type { Transfer } from './transfer-meter.js';

/** All that getting one repository needs. */
export interface HubPull {
  client: HubClient;
  cache: HubCache;
  title: string;
  choice: CheckpointChoice;
  policy: RetryPolicy;
  /** How long nothing may come. */
  stallMs: number;
  /** Files at the same time. */
  concurrency: number;
  signal: AbortSignal;
  onTransfer: (transfer: Transfer) => void;
  /** Why nothing moves at the moment; null when it does again. */
  tell: (note: string | null) => void;
}
