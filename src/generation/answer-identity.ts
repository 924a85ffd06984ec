/** What every chunk of an answer, or the one answer, repeats. */
export interface AnswerIdentity {
  id: string;
  /** Unix time in seconds. */
  created: number;
  /** As the client named it. */
  model: string;
  /** Changes with whatever would change an answer of the same seed; null before an engine is known. */
  fingerprint: string | null;
}
