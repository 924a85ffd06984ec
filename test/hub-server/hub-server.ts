import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HubFault, HubFaults } from './hub-fault.js';
import type { HubRepository } from './hub-repository.js';
import { type HubRepositoryFile } from './hub-repository.js';

export interface Asked {
  origin: 'hub' | 'cdn';
  method: string;
  path: string;
  authorization: string | undefined;
  range: string | undefined;
  at: number;
}

/** A small Hub: its API, its files behind a redirect to a second origin, and faults on order. */
export class HubServer {
  readonly faults = new HubFaults();
  readonly asked: Asked[] = [];
  /** Bytes sent by path of the file. */
  readonly sent = new Map<string, number>();
  /** For HF_ENDPOINT. */
  endpoint = '';
  supportsRanges = true;
  /** Entries of one page of the tree. */
  pageSize = 3;
  private readonly repositories = new Map<string, HubRepository>();
  private readonly held = new Set<{ response: ServerResponse; rest: Buffer; path: string }>();

  private constructor(
    private readonly hub: Server,
    private readonly cdn: Server,
  ) {}

  static async start(...repositories: HubRepository[]): Promise<HubServer> {
    const [hub, cdn] = [createServer(), createServer()];
    const server = new HubServer(hub, cdn);
    for (const repository of repositories) server.repositories.set(repository.name, repository);
    hub.on('request', (request, response) => void server.answer('hub', request, response));
    cdn.on('request', (request, response) => void server.answer('cdn', request, response));
    await Promise.all([hub, cdn].map((one) => once(one.listen(0, '127.0.0.1'), 'listening')));
    server.endpoint = originOf(hub);
    return server;
  }

  /** A new commit of a repository, or a new repository. */
  publish(repository: HubRepository): void {
    this.repositories.set(repository.name, repository);
  }

  /** Requests for the content of a file. */
  downloads(path: string): Asked[] {
    return this.asked.filter((asked) => asked.path.endsWith(`/${path}`) && asked.origin === this.originOf(path));
  }

  /** Sends what is held back. */
  release(): void {
    for (const { response, rest, path } of this.held) {
      this.count(path, rest.length);
      response.end(rest);
    }
    this.held.clear();
  }

  /** Cuts the connections of what is held back. */
  cut(): void {
    for (const { response } of this.held) response.destroy();
    this.held.clear();
  }

  async close(): Promise<void> {
    for (const server of [this.hub, this.cdn]) {
      server.closeAllConnections();
      server.close();
    }
    await Promise.resolve();
  }

  private originOf(path: string): Asked['origin'] {
    for (const { files } of this.repositories.values()) if (files.get(path)?.isLfs) return 'cdn';
    return 'hub';
  }

  private async answer(origin: Asked['origin'], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.endpoint);
    const path = decodeURIComponent(url.pathname);
    const { method = '', headers } = request;
    this.asked.push({ origin, method, path, ...pick(headers), at: performance.now() });
    request.resume();
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)/.exec(path);
    const file = /^\/([^/]+\/[^/]+)\/(?:resolve|lfs)\/([^/]+)\/(.+)$/.exec(path);
    const repository = this.repositories.get((api ?? file)?.[1] ?? '');
    const fault = this.faults.next(api === null ? (origin === 'cdn' || !this.isLfs(file) ? file![3]! : '') : 'api');
    if (fault?.kind === 'status') return refuse(response, fault.status, fault.headers);
    if (repository === undefined) return refuse(response, 401, { 'x-error-code': 'RepoNotFound' });
    const revision = (api?.[3] ?? file?.[2])!;
    if (revision !== 'main' && revision !== repository.commit) {
      return refuse(response, 404, { 'x-error-code': 'RevisionNotFound' });
    }
    if (api !== null) return this.answerApi(api[2]!, repository, url, response);
    const wanted = repository.files.get(file![3]!);
    if (wanted === undefined) return refuse(response, 404, { 'x-error-code': 'EntryNotFound' });
    response.setHeader('x-repo-commit', repository.commit);
    response.setHeader('x-linked-etag', `"${wanted.etag}"`).setHeader('etag', `"${wanted.etag}"`);
    if (origin === 'cdn' || !wanted.isLfs) return this.sendFile(wanted, fault, headers.range, response);
    const location = `${originOf(this.cdn)}/${repository.name}/lfs/${revision}/${wanted.path}?Signature=secret`;
    response.writeHead(302, { location, 'x-linked-size': wanted.content.length }).end();
  }

  private isLfs(file: RegExpExecArray | null): boolean {
    return this.repositories.get(file?.[1] ?? '')?.files.get(file?.[3] ?? '')?.isLfs ?? false;
  }

  private answerApi(kind: string, repository: HubRepository, url: URL, response: ServerResponse): void {
    if (kind === 'revision') {
      const fixed = { private: false, gated: false, downloads: 1, likes: 1, lastModified: new Date(0).toISOString() };
      return json(response, { _id: '1', id: repository.name, sha: repository.commit, ...fixed });
    }
    const folders = [...repository.files.keys()].filter((path) => path.includes('/')).map((path) => path.split('/')[0]);
    const entries = [
      ...[...new Set(folders)].map((path) => ({ type: 'directory', path, oid: '0'.repeat(40), size: 0 })),
      ...[...repository.files.values()].map(({ entry }) => entry),
    ];
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const next = from + this.pageSize;
    if (next < entries.length) {
      url.searchParams.set('cursor', String(next));
      response.setHeader('link', `<${url.href}>; rel="next"`);
    }
    json(response, entries.slice(from, next));
  }

  private sendFile(
    file: HubRepositoryFile,
    fault: HubFault | null,
    range: string | undefined,
    response: ServerResponse,
  ): void {
    const asked = this.supportsRanges ? /^bytes=(\d+)-(\d*)$/.exec(range ?? '') : null;
    const [start, end] = asked ? [Number(asked[1]), Number(asked[2] || Infinity)] : [0, Infinity];
    const body = Buffer.from(file.content.subarray(start, end + 1));
    if (fault?.kind === 'wrong') body[body.length >> 1]! ^= 1;
    const { length } = file.content;
    response.writeHead(asked ? 206 : 200, {
      'content-length': body.length,
      ...(asked ? { 'content-range': `bytes ${start}-${start + body.length - 1}/${length}` } : {}),
    });
    const half = fault?.kind === 'cut' || fault?.kind === 'hold' ? body.length >> 1 : body.length;
    this.count(file.path, half);
    if (half === body.length) return void response.end(body);
    response.write(body.subarray(0, half), () => {
      if (fault?.kind === 'cut') response.destroy();
    });
    if (fault?.kind === 'hold') this.held.add({ response, rest: body.subarray(half), path: file.path });
  }

  private count(path: string, bytes: number): void {
    this.sent.set(path, (this.sent.get(path) ?? 0) + bytes);
  }
}

const pick = (headers: IncomingMessage['headers']): Pick<Asked, 'authorization' | 'range'> => ({
  authorization: headers.authorization,
  range: headers.range,
});

const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const json = (response: ServerResponse, body: unknown): void =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const refuse = (response: ServerResponse, status: number, headers: Record<string, string> = {}): void =>
  void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{"error":"told to fail"}');
