/** How far the model is on its way to this machine's disk. */
export interface ModelProgress {
  state: 'resolving' | 'verifying' | 'ready' | 'failed';
  /** What MODEL asks for. */
  source: string;
  /** The folder that holds model and meta, once known. */
  directory: string | null;
  /** The name it is served under, once known. */
  modelId: string | null;
  bytesDone: number;
  bytesTotal: number | null;
  /** Why it has failed, for people. */
  reason: string | null;
}
