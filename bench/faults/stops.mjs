// As kills, but the engines stop and stay: the watchdog has to find them.
import { strikes } from './kills.mjs';

export { label, limitMinutes } from './kills.mjs';
export const run = strikes('SIGSTOP');
