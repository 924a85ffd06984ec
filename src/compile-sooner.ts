import { setFlagsFromString } from 'node:v8';

/**
 * V8 leaves a function in its lower tiers until it has run 3,000 times, and inlines little. A request's way through here is
 * hundreds of small functions, each run once: a server of few requests would stay slow for hours. Figures: bench/README.md.
 */
const FLAGS = [
  '--invocation-count-for-maglev=100',
  '--invocation-count-for-turbofan=500',
  '--max-inlined-bytecode-size-cumulative=3000',
];

for (const flag of FLAGS) setFlagsFromString(flag);
