"""Text to token ids and back: the vocabulary, the chat format, incremental decoding. It knows no files, no torch and no HTTP."""
