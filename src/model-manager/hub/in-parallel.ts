/** At most `width` at a time. The first failure ends the others, and is thrown once all have ended. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  outer: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([outer, failed.signal]);
  const waiting = [...items];
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined && !signal.aborted; item = waiting.shift()) {
      await work(item, signal).catch((error: unknown) => failed.abort(error));
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  signal.throwIfAborted();
}
