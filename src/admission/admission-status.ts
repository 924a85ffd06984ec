/** A snapshot of the queue, for health and metrics. */
export interface AdmissionStatus {
  /** How many requests may be with the workers at once. */
  capacity: number;
  running: number;
  waiting: number;
  /** Of those that wait, by an estimate. */
  waitingTokens: number;
  /** True once no new request is taken. */
  closed: boolean;
}
