import { Observable } from 'rxjs';
import { Pool } from 'undici';
import { engineFailed, engineUnavailable, notSupported } from '../../openai/error-catalogue.js';
import { promptFields } from '../client/generate-body.js';
import { GenerateExchange, type GenerateDeadlines } from '../client/generate-exchange.js';
import type { GenerateEvent, GenerateRequest, TokenizablePrompt, TokenizedPrompt, TokenizeOptions } from '../worker.js';
import { tokenizedPrompt } from '../client/tokenized-prompt.js';
import type { Capabilities } from './capabilities.js';
import type { EngineAddress } from './engine-address.js';
import { externalRefusal } from './external-refusal.js';
import { openAIRequest } from './openai-body.js';
import { OpenAIStream } from './openai-stream.js';

/** Below the 5 s after which uvicorn, which serves many engines, closes a connection: one just closing would lose a request. */
const KEEP_ALIVE_MS = 4_000;
const ASK_MS = 30_000;

type Json = Record<string, unknown>;

/** Generations and tokens over HTTP with one OpenAI-compatible server. It knows nothing of states. */
export class ExternalClient {
  private readonly pool: Pool;

  constructor(
    private readonly address: EngineAddress,
    private readonly headers: Readonly<Record<string, string>>,
    private readonly deadlines: GenerateDeadlines,
    /** Of the worker, told with each admission. */
    private readonly name: string,
  ) {
    this.pool = new Pool(address.origin, {
      // No time limit of its own may cut a stream; ours are the deadlines above.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout: 5_000,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      allowH2: false,
    });
  }

  /** `model`: the name that it knows its model by. */
  generate(request: GenerateRequest, model: string, engine: Capabilities): Observable<GenerateEvent> {
    return new Observable<GenerateEvent>((subscriber) => {
      const exchange = new GenerateExchange(subscriber, this.deadlines, new OpenAIStream(request, this.name));
      const { path, body } = openAIRequest(request, model, engine);
      const { requestId, traceparent } = request;
      const headers = { ...this.headers, 'content-type': 'application/json', 'x-request-id': requestId };
      this.pool.dispatch(
        {
          path: `${this.address.root}${path}`,
          method: 'POST',
          headers: traceparent === undefined ? headers : { ...headers, traceparent },
          body,
        },
        exchange,
      );
      return () => exchange.abort();
    });
  }

  async tokenize(
    prompt: TokenizablePrompt,
    { specials = true, assistantStart = true }: TokenizeOptions,
    model: string,
    { tokenizer }: Capabilities,
  ): Promise<TokenizedPrompt> {
    if (tokenizer === 'llama-server') return this.pieces(prompt, specials, assistantStart);
    const chat = 'messages' in prompt;
    if (tokenizer === 'nanochat-engine') {
      return tokenizedPrompt(await this.ask('/tokenize', promptFields(prompt)), chat, { specials, assistantStart });
    }
    const asked = chat
      ? { messages: prompt.messages, add_generation_prompt: assistantStart }
      : { prompt: prompt.text, add_special_tokens: specials };
    const told = await this.ask('/tokenize', { model, ...asked, return_token_strs: true });
    return tokenized(told['tokens'], told['token_strs']);
  }

  async detokenize(tokenIds: readonly number[], model: string, { tokenizer }: Capabilities): Promise<string> {
    const own = tokenizer === 'nanochat-engine' ? { token_ids: tokenIds } : { tokens: tokenIds };
    const vllm = tokenizer === 'vllm' ? { model } : {};
    const told = await this.ask('/detokenize', { ...vllm, ...own });
    const text = told['prompt'] ?? told['text'] ?? told['content'];
    if (typeof text !== 'string') throw unreadable();
    return text;
  }

  /** llama-server renders a chat on another route than it tokenizes. */
  private async pieces(prompt: TokenizablePrompt, specials: boolean, start: boolean): Promise<TokenizedPrompt> {
    if ('messages' in prompt && !start) throw notSupported(NO_TOKENS);
    const { messages, text } = prompt as { messages?: unknown; text?: string };
    const content = text ?? (await this.ask('/apply-template', { messages }))['prompt'];
    const { tokens } = await this.ask('/tokenize', {
      ...{ content, add_special: specials, parse_special: text === undefined, with_pieces: true },
    });
    if (!Array.isArray(tokens)) throw unreadable();
    const pieces = tokens as { id: number; piece: string | number[] }[];
    const strings = pieces.map(({ piece }) => (typeof piece === 'string' ? piece : Buffer.from(piece).toString()));
    return tokenized(
      pieces.map(({ id }) => id),
      strings,
    );
  }

  /** One question and its whole answer. Rejects with `OpenAIError`. */
  private async ask(route: string, question: object): Promise<Json> {
    const { statusCode, headers, text } = await this.post(`${this.address.root}${route}`, JSON.stringify(question));
    if (statusCode === 404 || statusCode === 405 || statusCode === 501) throw notSupported(NO_TOKENS);
    if (statusCode !== 200) throw externalRefusal(statusCode, text, headers['retry-after']?.toString());
    try {
      return JSON.parse(text) as Json;
    } catch {
      throw unreadable();
    }
  }

  private async post(path: string, body: string) {
    try {
      const signal = AbortSignal.timeout(ASK_MS);
      const headers = { ...this.headers, 'content-type': 'application/json' };
      const answer = await this.pool.request({ path, method: 'POST', headers, body, signal });
      return { ...answer, text: await answer.body.text() };
    } catch (failure) {
      const { code, name } = failure as Error & { code?: string };
      throw engineUnavailable(`The engine can not be reached: ${code ?? name}`, 1);
    }
  }

  /** Cuts every exchange that is still open. */
  async destroy(): Promise<void> {
    await this.pool.destroy();
  }
}

const NO_TOKENS = 'The engine that serves here does not tell how it tokenizes.';

function tokenized(tokenIds: unknown, tokenStrings: unknown): TokenizedPrompt {
  if (!Array.isArray(tokenIds)) throw unreadable();
  const strings = Array.isArray(tokenStrings) ? tokenStrings : tokenIds.map(() => '');
  return { tokenIds: tokenIds as number[], tokenStrings: strings as string[] };
}

const unreadable = () => engineFailed('The engine sent an answer that can not be read.');
