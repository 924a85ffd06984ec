"""nanochat's vocabulary over a tiktoken Encoding that `checkpoint/` has already checked.

Knows ids and bytes; must not know files, chat roles or requests.
"""

from __future__ import annotations

from collections.abc import Iterable

import tiktoken

from nanochat_engine.tokenizer import special_tokens as names


class Tokenizer:
    """Encodes ordinary text and decodes ids. Immutable, so threads may share it; `encode` releases the GIL while it works.

    vocab_size: number of ids, specials included; every id lies in [0, vocab_size).
    stop_ids: ids that end a generation (assistant_end and bos).
    pattern: the regular expression that splits text before it is encoded.
    """

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        special = {name: encoding.encode_single_token(name) for name in names.SPECIAL_TOKENS}
        self._encoding = encoding
        self.vocab_size: int = encoding.n_vocab
        self.pattern: str = encoding._pat_str  # tiktoken shows it in no other way
        self.bos_id = special[names.BOS]
        self.user_start_id = special[names.USER_START]
        self.user_end_id = special[names.USER_END]
        self.assistant_start_id = special[names.ASSISTANT_START]
        self.assistant_end_id = special[names.ASSISTANT_END]
        self.python_start_id = special[names.PYTHON_START]
        self.python_end_id = special[names.PYTHON_END]
        self.output_start_id = special[names.OUTPUT_START]
        self.output_end_id = special[names.OUTPUT_END]
        self.special_ids = frozenset(special.values())
        self.stop_ids = frozenset((self.assistant_end_id, self.bos_id))
        # A special token has no text of its own: its name must never leak into an answer.
        self._bytes = [
            b"" if token in self.special_ids else encoding.decode_single_token_bytes(token)
            for token in range(self.vocab_size)
        ]

    def encode(self, text: str) -> list[int]:
        """Ids of ordinary text. The name of a special token inside it stays plain characters.

        Superlinear in the length of one run of letters: the caller bounds the characters and keeps it off the event loop.
        """
        return self._encoding.encode_ordinary(text)

    @property
    def encoding(self) -> tiktoken.Encoding:
        """What tiktoken knows of the vocabulary: ranks and special tokens."""
        return self._encoding

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of a token; empty for a special one. They can end inside a UTF-8 sequence."""
        return self._bytes[token_id]

    def spelling(self, token_id: int) -> bytes:
        """The bytes of a token; those of its name for a special one."""
        return self._encoding.decode_single_token_bytes(token_id)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; special tokens are left out and broken UTF-8 becomes U+FFFD."""
        return b"".join([self._bytes[token] for token in ids]).decode("utf-8", errors="replace")
