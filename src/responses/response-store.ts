import { Injectable } from '@nestjs/common';
import type { ChatTurn } from '../chat/chat-request.js';
import { Settings } from '../config/settings.js';
import type { ResponseBody } from './response-body.js';

/** A character of a string takes two bytes at most. */
const BYTES_A_CHARACTER = 2;

/** Both as JSON, whose length is known, and which nobody can change. */
interface Kept {
  /** The caller's name: to anybody else it is not there. */
  owner: string;
  response: string;
  turns: string;
  bytes: number;
}

/** Responses that can be retrieved and continued: in memory, bounded in number and bytes, least recently used out first. */
@Injectable()
export class ResponseStore {
  /** In the order of their last use. */
  private readonly kept = new Map<string, Kept>();
  private bytes = 0;

  constructor(private readonly settings: Settings) {}

  /** False where it is larger than all the room there is. `turns` is the whole conversation, the answer included. */
  put(owner: string, response: ResponseBody, turns: readonly ChatTurn[]): boolean {
    const entry = { response: JSON.stringify(response), turns: JSON.stringify(turns) };
    const bytes = (entry.response.length + entry.turns.length) * BYTES_A_CHARACTER;
    const { responsesStoreCount, responsesStoreBytes } = this.settings;
    if (responsesStoreCount === 0 || bytes > responsesStoreBytes) return false;
    this.kept.set(response.id, { owner, ...entry, bytes });
    this.bytes += bytes;
    for (const id of this.kept.keys()) {
      if (this.kept.size <= responsesStoreCount && this.bytes <= responsesStoreBytes) break;
      this.forget(id);
    }
    return true;
  }

  response(owner: string, id: string): ResponseBody | null {
    const kept = this.use(owner, id);
    return kept === null ? null : (JSON.parse(kept.response) as ResponseBody);
  }

  turns(owner: string, id: string): ChatTurn[] | null {
    const kept = this.use(owner, id);
    return kept === null ? null : (JSON.parse(kept.turns) as ChatTurn[]);
  }

  /** False where there is none of this owner's. */
  delete(owner: string, id: string): boolean {
    if (this.kept.get(id)?.owner !== owner) return false;
    this.forget(id);
    return true;
  }

  private forget(id: string): void {
    this.bytes -= this.kept.get(id)?.bytes ?? 0;
    this.kept.delete(id);
  }

  private use(owner: string, id: string): Kept | null {
    const kept = this.kept.get(id);
    if (kept?.owner !== owner) return null;
    this.kept.delete(id);
    this.kept.set(id, kept);
    return kept;
  }
}
