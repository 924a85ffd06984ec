import { concat, concatMap, defer, type MonoTypeOperatorFunction, of } from 'rxjs';
import type { CompletionEvent } from './completion-event.js';

/**
 * Makes one answer of the merged events of `prompts` generations, of which `atOnce` begin together: the usage is summed, and
 * no text is told before these have all been admitted, so that what refuses one of them can still refuse the request.
 */
export function together(prompts: number, atOnce: number): MonoTypeOperatorFunction<CompletionEvent> {
  return (source) =>
    defer(() => {
      const awaited = Math.min(prompts, atOnce);
      const admitted = new Set<number>();
      const held: CompletionEvent[] = [];
      const sum = { type: 'usage' as const, promptTokens: 0, completionTokens: 0, cachedTokens: 0 };
      const take = (event: CompletionEvent): CompletionEvent[] => {
        if (event.type === 'admitted')
          return [event, ...(admitted.add(event.prompt).size < awaited ? [] : held.splice(0))];
        if (event.type !== 'usage') {
          if (admitted.size >= awaited) return [event];
          held.push(event);
          return [];
        }
        sum.promptTokens += event.promptTokens;
        sum.completionTokens += event.completionTokens;
        sum.cachedTokens += event.cachedTokens;
        return [];
      };
      return concat(source.pipe(concatMap(take)), of(sum)); // summed by the time that it comes
    });
}
