import { final, type HubError, passing } from './hub-error.js';

/** What the Hub's statuses mean for somebody who wants a model, and what to do. */
export function refusalOf(response: Response, asked: { title: string; endpoint: string; token: boolean }): HubError {
  const { status, headers } = response;
  const { title, endpoint, token } = asked;
  const code = headers.get('x-error-code');
  const said = headers.get('x-error-message');
  const words = `${title}: ${endpoint} answers ${status}${said === null ? '' : ` (${said.slice(0, 300)})`}`;
  if (code === 'RevisionNotFound')
    return final(`${words}: there is no such revision; correct what follows the @ in MODEL`);
  if (status === 401 || status === 403) {
    return final(
      token
        ? `${words}: the repository is private or gated, and HF_TOKEN has no access to it; ` +
            `ask for access at ${endpoint}/${repositoryOf(title)}, or use another token`
        : `${words}: the repository is private or gated, or does not exist; set HF_TOKEN to a token that may read it`,
    );
  }
  if (status === 404) {
    return final(`${words}: there is no such repository, revision or file; correct MODEL, or HF_ENDPOINT`);
  }
  if (status === 429) return passing(`${words}: too many requests`, waitOf(headers));
  if (status === 408 || status >= 500) return passing(words, waitOf(headers));
  return final(`${words}; see HF_ENDPOINT`);
}

const repositoryOf = (title: string): string => title.split('@')[0] ?? title;

/** Retry-After in seconds or as a date; else the Hub's own RateLimit: "api";r=0;t=55. */
function waitOf(headers: Headers): number | null {
  const after = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const date = Date.parse(after);
  if (!Number.isNaN(date)) return Math.max(0, date - Date.now());
  const reset = /;\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
  return reset === undefined ? null : Number(reset) * 1000;
}
