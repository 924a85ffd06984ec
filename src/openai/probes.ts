/** Probes come from kubelets by the pod's address and never need a key, a host name or a line in the log. */
export function isProbe(url: string): boolean {
  return /^\/health(\/|\?|$)/.test(url);
}

/** Asked for every few seconds by machines; a line each would drown the rest. */
export const isRoutine = (url: string): boolean => isProbe(url) || /^\/metrics(\?|$)/.test(url);
