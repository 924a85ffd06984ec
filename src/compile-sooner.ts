import { setFlagsFromString } from 'node:v8';

/**
 * V8 leaves a function in its lower tiers until it has run 3,000 times. A request's way through here is hundreds of small
 * functions, each run once: a server of few requests would stay slow for hours. Not much sooner, nor with more inlining:
 * compiling takes processor time from an engine on the CPU. Figures: bench/README.md.
 */
setFlagsFromString('--invocation-count-for-turbofan=1000');
