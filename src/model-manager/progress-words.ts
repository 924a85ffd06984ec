import type { ModelProgress } from './model-progress.js';
import { readableBytes, readableSeconds } from './readable.js';

/** Whole percent, never 100 before the end; null while the size is not known. */
export const percentOf = ({ bytesDone, bytesTotal }: ModelProgress): number | null =>
  bytesTotal ? Math.floor((100 * bytesDone) / bytesTotal) : null;

/** 'downloading owner/name: 45 %, 0.9 of 2.1 GB, 35 MB/s, 26 s left', or as much of that as is known. */
export function progressWords(progress: ModelProgress): string {
  const { state, source, bytesDone, bytesTotal, rate, secondsLeft, note } = progress;
  const percent = percentOf(progress);
  const parts =
    bytesTotal === null || percent === null
      ? []
      : [
          `${percent} %`,
          `${readableBytes(bytesDone)} of ${readableBytes(bytesTotal)}`,
          ...(rate === null ? [] : [`${readableBytes(rate)}/s`]),
          ...(secondsLeft === null ? [] : [`${readableSeconds(secondsLeft)} left`]),
        ];
  const told = [...parts, ...(note === null ? [] : [note])].join(', ');
  return `${state} ${source}${told && `: ${told}`}`;
}
