"""A tokenizer's vocabulary as constrained decoding needs it: by id for masks, by bytes for the fewest tokens of a text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from llguidance import LLTokenizer
from llguidance.tiktoken import lltokenizer_from_encoding

from nanochat_engine.tokenizer.tokenizer import Tokenizer

# Longer tokens are runs of one character, which no path to an end needs.
_LONGEST = 32


class Vocabulary:
    """Immutable; building it takes a fraction of a second for 65,536 ids, so once a model.

    end: the id that ends an answer, allowed when the grammar accepts. longest: bytes of the longest token that may spell a path.
    permitted: the mask of `end` and of all that is not special, bit id % 32 of word id // 32.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.end = tokenizer.assistant_end_id
        self.size = tokenizer.vocab_size
        ordinary = [token for token in range(self.size) if token not in tokenizer.special_ids]
        self._bytes = {token: tokenizer.token_bytes(token) for token in ordinary}
        self._ids = {text: token for token, text in self._bytes.items() if len(text) <= _LONGEST}
        self.longest = max(map(len, self._ids))
        words = np.full((self.size + 31) // 32, 0xFFFFFFFF, np.uint32)
        for token in tokenizer.special_ids - {self.end}:
            words[token // 32] &= np.uint32(0xFFFFFFFF ^ (1 << token % 32))
        self.permitted: npt.NDArray[np.int32] = words.view(np.int32)
        self.tokenizer: LLTokenizer = lltokenizer_from_encoding(
            tokenizer.encoding, n_vocab=self.size, eos_token=self.end
        )

    def bytes_of(self, token: int) -> bytes | None:
        """The bytes of an ordinary token, None for any other id."""
        return self._bytes.get(token)

    def fewest(self, text: bytes) -> tuple[list[int], list[int]]:
        """By position the first of the fewest tokens that spell `text` from there, and how many they are; 0 at its end.

        By dynamic programming from the end. Every single byte is a token.
        """
        count, first = [0] * (len(text) + 1), [0] * len(text)
        for start in range(len(text) - 1, -1, -1):
            best = len(text) + 1
            for end in range(min(len(text), start + self.longest), start, -1):
                if count[end] + 1 < best and (token := self._ids.get(text[start:end])) is not None:
                    best, first[start] = count[end] + 1, token
            count[start] = best
        return first, count
