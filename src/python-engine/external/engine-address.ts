/** An external engine's address, taken apart. */
export interface EngineAddress {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path before `/v1`, without a slash at its end; mostly empty. */
  readonly root: string;
  /** The whole of it, for people. */
  readonly url: string;
}

/** `http://host:8000`, `http://host:8000/v1` and `http://host:8000/v1/` are one engine. */
export function engineAddress(text: string): EngineAddress {
  const { origin, pathname } = new URL(text);
  const root = pathname.replace(/\/+$/, '').replace(/\/v1$/, '');
  return { origin, root, url: `${origin}${root}` };
}
