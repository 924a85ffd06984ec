/** One prompt: text, before which the engine puts `<|bos|>`, or ids, which it takes as they are. */
export type CompletionPrompt = { text: string } | { tokenIds: number[] };
