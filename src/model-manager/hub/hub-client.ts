import { downloadFile, type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub';
import { final, HubError, passing } from './hub-error.js';
import { hubFile, type HubFile, isInside } from './hub-file.js';
import type { HubHttp } from './hub-http.js';
import { type HubRepository, hubTitle } from './hub-name.js';

/** Where the body starts: at the byte asked for, or at 0 where the server can't do that. */
export interface OpenedFile {
  start: number;
  body: AsyncIterable<Uint8Array>;
}

const COMMIT = /^[0-9a-f]{40}$/;

/** What of the Hub's library is needed to get one repository. Every method throws HubError. */
export class HubClient {
  private readonly title: string;

  constructor(
    private readonly http: HubHttp,
    private readonly hubUrl: string,
    private readonly repository: HubRepository,
  ) {
    this.title = hubTitle(repository);
  }

  /** The commit that the revision is now. */
  async commit(signal: AbortSignal): Promise<string> {
    const { name, revision } = this.repository;
    const fetch = this.http.fetch(this.title, signal);
    const asked = modelInfo({ name, revision, hubUrl: this.hubUrl, additionalFields: ['sha'], fetch });
    const { sha } = await this.understood(asked, signal);
    if (COMMIT.test(sha)) return sha;
    throw final(`${this.title}: the Hub tells no commit; see HF_ENDPOINT`);
  }

  /** Every file of the commit, checksums included. */
  async files(commit: string, signal: AbortSignal): Promise<HubFile[]> {
    const fetch = this.http.fetch(this.title, signal);
    const options = { repo: this.repository.name, revision: commit, hubUrl: this.hubUrl, recursive: true, fetch };
    const listed = await this.understood(allOf(listFiles(options)), signal);
    return listed.filter(({ type, path }) => type === 'file' && isInside(path)).map(hubFile);
  }

  /** Resolves when the headers are there. Never by xet: its pieces can be neither resumed nor counted. */
  async open(file: HubFile, commit: string, from: number, signal: AbortSignal): Promise<OpenedFile> {
    const { name } = this.repository;
    const path = file.path.split('/').map(encodeURIComponent).join('/');
    const url = `${this.hubUrl}/${name}/resolve/${commit}/${path}`;
    const headers = Promise.withResolvers<Response>();
    const send = this.http.fetch(`${this.title}, ${file.path}`, signal);
    const fetch: typeof send = async (...asked) => {
      const response = send(...asked);
      response.then(headers.resolve, headers.reject);
      return response;
    };
    const downloadInfo = { size: file.size, etag: file.checksum.hex, url };
    const blob = await downloadFile({ repo: name, path, revision: commit, xet: false, downloadInfo, fetch });
    if (blob === null) throw final(`${this.title}: ${file.path} is not there`);
    const body = blob.slice(from).stream() as unknown as AsyncIterable<Uint8Array>;
    return { start: startOf(await headers.promise, from), body };
  }

  /** What is neither a refusal nor a cut is an answer of something that is not the Hub. */
  private async understood<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof HubError) throw error;
      throw passing(
        `${this.title}: ${this.hubUrl} does not answer as the Hub does (${String(error)}); see HF_ENDPOINT`,
      );
    }
  }
}

async function allOf(entries: AsyncIterable<ListFileEntry>): Promise<ListFileEntry[]> {
  const all: ListFileEntry[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

function startOf({ status, headers }: Response, from: number): number {
  if (from === 0 || status !== 206) return 0;
  const start = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1];
  if (Number(start) === from) return from;
  throw passing(`the server sends bytes from ${start ?? 'nowhere'} on, not from ${from} on`);
}
