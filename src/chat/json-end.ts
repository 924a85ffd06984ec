/** Finds where a JSON object or array ends in text that comes in pieces; the text is taken to be JSON, not checked. */
export class JsonEnd {
  /** Whether the piece last given has the end in it. */
  found = false;
  private depth = 0;
  private inString = false;
  private escaped = false;

  /** How many of the piece's characters belong to the value. */
  find(piece: string): number {
    for (let at = 0; at < piece.length; at++) {
      if (this.take(piece[at]!)) {
        this.found = true;
        return at + 1;
      }
    }
    return piece.length;
  }

  /** True for the bracket that closes the first one. */
  private take(character: string): boolean {
    if (this.escaped) this.escaped = false;
    else if (this.inString) {
      if (character === '\\') this.escaped = true;
      else if (character === '"') this.inString = false;
    } else if (character === '"') this.inString = true;
    else if (character === '{' || character === '[') this.depth++;
    else if (character === '}' || character === ']') return --this.depth === 0;
    return false;
  }
}
