/** What stands for minus infinity, as in vLLM: JSON has no infinite number. */
const LOWEST = -9999;

const decoder = new TextDecoder();

/** A token's text; where it is not whole UTF-8 its `bytes` tell more. */
export const tokenText = (bytes: readonly number[]): string => decoder.decode(Uint8Array.from(bytes));

export const finiteLogprob = (logprob: number | null): number =>
  logprob !== null && logprob > LOWEST ? logprob : LOWEST;

/** Whether it is one of the chat's own marks, which are no text: `<|assistant_end|>`. */
export const isSpecial = ({ bytes }: { bytes: readonly number[] }): boolean => /^<\|[a-z_]+\|>$/.test(tokenText(bytes));
