import { type MonoTypeOperatorFunction, Observable } from 'rxjs';

/** Fails where the source has not ended `ms()` after it began, and leaves it. `timeout` of rxjs knows single values alone. */
export const within =
  <T>(ms: () => number, failure: () => Error): MonoTypeOperatorFunction<T> =>
  (source) =>
    new Observable<T>((subscriber) => {
      const timer = setTimeout(() => subscriber.error(failure()), ms());
      subscriber.add(() => clearTimeout(timer));
      subscriber.add(source.subscribe(subscriber));
    });
