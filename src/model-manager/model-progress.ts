/** How far the model is on its way to this machine's disk. */
export interface ModelProgress {
  state: 'resolving' | 'downloading' | 'verifying' | 'ready' | 'failed';
  /** What MODEL asks for. */
  source: string;
  /** The folder that holds weights and meta, once known. */
  directory: string | null;
  /** The name it is served under, once known. */
  modelId: string | null;
  bytesDone: number;
  bytesTotal: number | null;
  /** Of a download: bytes a second of late, and seconds to go at that rate. */
  rate: number | null;
  secondsLeft: number | null;
  /** Why nothing moves at the moment, for people. */
  note: string | null;
  /** Why it has failed, for people. */
  reason: string | null;
}

export const initialProgress = (source: string): ModelProgress => ({
  ...{ state: 'resolving', source, directory: null, modelId: null, bytesDone: 0, bytesTotal: null },
  ...{ rate: null, secondsLeft: null, note: null, reason: null },
});
