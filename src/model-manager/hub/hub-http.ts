import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';
import { final, passing } from './hub-error.js';
import { proxiesOf } from './proxies.js';
import { refusalOf } from './hub-refusal.js';

export interface HubAccess {
  endpoint: string;
  token: string | null;
  environment: Readonly<Record<string, string>>;
}

/** The fetch that the Hub's library is given: proxies, the token for the Hub's own origin alone, failures in words. */
export class HubHttp {
  private readonly agent: EnvHttpProxyAgent;
  private readonly origin: string;

  constructor(private readonly access: HubAccess) {
    if (access.token !== null && !/^[\x21-\x7e]+$/.test(access.token)) {
      throw final('HF_TOKEN holds characters that no token has');
    }
    this.origin = new URL(access.endpoint).origin;
    // HTTP/2's windows are too small for large files; our own deadlines replace undici's.
    this.agent = new EnvHttpProxyAgent({
      ...proxiesOf(access.environment),
      ...{ allowH2: false, headersTimeout: 0, bodyTimeout: 0, connectTimeout: 10_000 },
    });
  }

  /** Answers that are no success are thrown as HubError; `title` names what is asked for. */
  fetch(title: string, signal: AbortSignal): typeof fetch {
    return async (input, init = {}) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const response = await this.send(url, init, signal);
      if (response.ok) return response;
      await response.body?.cancel().catch(() => {});
      const { endpoint, token } = this.access;
      throw refusalOf(response, { title, endpoint, token: token !== null });
    };
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async send(url: URL, init: RequestInit, signal: AbortSignal): Promise<Response> {
    const headers = new Headers(init.headers);
    // Compressed answers can't be resumed by bytes.
    headers.set('accept-encoding', 'identity');
    // fetch itself takes this header away when a redirect leaves the origin.
    if (this.access.token !== null && url.origin === this.origin) {
      headers.set('authorization', `Bearer ${this.access.token}`);
    }
    try {
      const { method = 'GET', body = null } = init;
      const options = { method, body: body as string | null, headers: [...headers], signal, dispatcher: this.agent };
      return await undiciFetch(url, options);
    } catch (error) {
      signal.throwIfAborted();
      throw passing(`${this.origin} can't be reached (${causeOf(error)}); see HF_ENDPOINT and HTTPS_PROXY`);
    }
  }
}

/** undici hides the cause one level down; happy eyeballs hides it in a list. */
function causeOf(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const { code, message, errors } = cause as { code?: string; message?: string; errors?: { code?: string }[] };
  return code ?? errors?.[0]?.code ?? message ?? 'no answer';
}
