interface CallDelta {
  index: number;
  id?: string;
  function: { name?: string; arguments: string };
}

export interface Chunk {
  id: string;
  object: string;
  created: number;
  model: string;
  choices: {
    index: number;
    delta: { role?: string; content?: string | null; tool_calls?: CallDelta[] };
    logprobs?: { content: { token: string; bytes: number[] }[] } | null;
    finish_reason: string | null;
    token_ids?: number[];
  }[];
  prompt_token_ids?: number[];
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number } | null;
  error?: { message: string; type: string; code: string | null; param: string | null };
}

/** The whole text of a stream as its events, exactly: comments start with ':', data as it was sent. */
export function eventsOf(text: string): string[] {
  if (!text.endsWith('\n\n')) throw new Error(`the stream ends within an event: ${JSON.stringify(text.slice(-80))}`);
  return text.slice(0, -2).split('\n\n');
}

/** The JSON of each data event but the last, which must be [DONE]. */
export function chunksOf(text: string): Chunk[] {
  const events = eventsOf(text).filter((event) => !event.startsWith(':'));
  if (events.at(-1) !== 'data: [DONE]') throw new Error(`the stream does not end with [DONE]: ${events.at(-1)}`);
  return events.slice(0, -1).map((event) => {
    if (!event.startsWith('data: ') || event.includes('\n')) throw new Error(`not one data line: ${event}`);
    return JSON.parse(event.slice('data: '.length)) as Chunk;
  });
}
