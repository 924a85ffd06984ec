/** Mulberry32: enough to choose moments and victims by. */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = (random, list) => list[Math.floor(random() * list.length)];

/** Null of an empty list. */
export const quantile = (list, q) =>
  list.length === 0 ? null : [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(q * list.length))];
export const median = (list) => quantile(list, 0.5);
export const most = (list) => quantile(list, 1);

export const rounded = (value, digits = 1) => (value === null ? null : Number(value.toFixed(digits)));
export const mebibytes = (bytes) => rounded(bytes / 2 ** 20);

/** A goal; what was never measured is not met. */
export const atMost = (what, value, limit) => ({ what, value, limit, met: value !== null && value <= limit });
export const atLeast = (what, value, limit) => ({ what, value, least: limit, met: value !== null && value >= limit });
