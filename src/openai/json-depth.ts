const [QUOTE, BACKSLASH, BRACE, BRACE_END, BRACKET, BRACKET_END] = [...'"\\{}[]'].map((c) => c.charCodeAt(0));

/** Whether objects and arrays are nested deeper than `limit`, told in one pass without parsing; of what is no JSON either answer may come. */
export function deeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = stringEnd(text, i);
    else if (code === BRACE || code === BRACKET) {
      if (++depth > limit) return true;
    } else if (code === BRACE_END || code === BRACKET_END) depth--;
  }
  return false;
}

/** The place of the quote that ends the string begun at `start`; the last place of the text where none does. */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length - 1;
}
