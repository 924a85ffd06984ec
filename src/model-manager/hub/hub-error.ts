/** A request to the Hub has failed. The message is for people and holds no token and no signed address. */
export class HubError extends Error {
  override readonly name = 'HubError';

  constructor(
    message: string,
    /** Whether another attempt might succeed, and after how long if the Hub says so. */
    readonly again: { worthwhile: boolean; afterMs: number | null },
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export const final = (message: string, options?: ErrorOptions): HubError =>
  new HubError(message, { worthwhile: false, afterMs: null }, options);

export const passing = (message: string, afterMs: number | null = null): HubError =>
  new HubError(message, { worthwhile: true, afterMs });
