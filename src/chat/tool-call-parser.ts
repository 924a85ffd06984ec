import { randomBytes } from 'node:crypto';
import { engineFailed } from '../openai/error-catalogue.js';
import type { ToolCallDelta } from './chat-event.js';
import { JsonEnd } from './json-end.js';
import { CALL_START, CALL_TAIL, callHead } from './tool-text.js';

const HEAD = new RegExp(`^${callHead('([A-Za-z0-9_-]+)').replaceAll('{', '\\{')}`);
const LONGEST_HEAD = callHead('').length + 256;

export interface Parsed {
  text: string;
  toolCalls: ToolCallDelta[];
}

/**
 * Tells text from tool calls in one choice's text as it comes. What could still become the mark of a call is held back; a
 * call's id and name come first, then its arguments in the pieces in which the model writes them.
 */
export class ToolCallParser {
  private state: 'undecided' | 'text' | 'head' | 'arguments' | 'tail';
  private held = '';
  private index = -1;
  private end = new JsonEnd();

  /** `forced`: the answer is made of calls alone. */
  constructor(forced: boolean) {
    this.state = forced ? 'head' : 'undecided';
  }

  /** Whether there are calls and the last of them is whole. */
  get whole(): boolean {
    return this.state === 'head' && this.index >= 0 && this.held === '';
  }

  push(piece: string): Parsed {
    if (this.state === 'text') return { text: piece, toolCalls: [] };
    this.held += piece;
    if (this.state === 'undecided') {
      if (CALL_START.startsWith(this.held)) return { text: '', toolCalls: [] };
      if (!this.held.startsWith(CALL_START)) {
        this.state = 'text';
        return { text: this.take(this.held.length), toolCalls: [] };
      }
      this.state = 'head';
    }
    return { text: '', toolCalls: this.calls() };
  }

  /** At the end of the answer: what was held back and became no call is text. Half a head is nothing. */
  rest(): string {
    return this.state === 'undecided' ? this.take(this.held.length) : '';
  }

  private calls(): ToolCallDelta[] {
    const deltas: ToolCallDelta[] = [];
    while (this.held !== '') {
      const before = this.held.length;
      const delta = this.step();
      if (delta !== null) deltas.push(delta);
      if (this.held.length === before) break;
    }
    return deltas;
  }

  /** Takes what the state can take of what is held. */
  private step(): ToolCallDelta | null {
    if (this.state === 'head') return this.head();
    if (this.state === 'arguments') {
      const length = this.end.find(this.held);
      if (this.end.found) this.state = 'tail';
      return { index: this.index, arguments: this.take(length) };
    }
    if (this.held.startsWith(CALL_TAIL)) {
      this.take(CALL_TAIL.length);
      this.state = 'head';
    } else if (!CALL_TAIL.startsWith(this.held)) throw unreadable();
    return null;
  }

  private head(): ToolCallDelta | null {
    const match = HEAD.exec(this.held);
    if (match === null) {
      if (this.held.length > LONGEST_HEAD) throw unreadable();
      return null;
    }
    this.take(match[0].length);
    this.state = 'arguments';
    this.end = new JsonEnd();
    return { index: ++this.index, id: `call_${randomBytes(12).toString('hex')}`, name: match[1]!, arguments: '' };
  }

  private take(length: number): string {
    const taken = this.held.slice(0, length);
    this.held = this.held.slice(length);
    return taken;
  }
}

const unreadable = () => engineFailed('The engine sent a tool call that its grammar does not allow.');
