/** Proxies as every tool reads them; lower case goes first, as in curl. Empty for none. */
export function proxiesOf(environment: Readonly<Record<string, string>>): {
  httpProxy: string;
  httpsProxy: string;
  noProxy: string;
} {
  const value = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? '';
  const all = value('ALL_PROXY');
  return { httpProxy: value('HTTP_PROXY') || all, httpsProxy: value('HTTPS_PROXY') || all, noProxy: value('NO_PROXY') };
}
