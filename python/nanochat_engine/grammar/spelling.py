"""The fewest tokens that spell the rest of a path, wherever one stands in it: counted once, from the path's end."""

from __future__ import annotations

from nanochat_engine.grammar.vocabulary import Vocabulary


class Spelling:
    """Of `path`. Immutable: who stands in the path keeps how many bytes of it are left."""

    def __init__(self, vocabulary: Vocabulary, path: bytes) -> None:
        self.path = path
        self._first, self._count = vocabulary.fewest(path)

    def rest(self, size: int) -> bytes:
        """The last `size` bytes."""
        return self.path[len(self.path) - size :]

    def tokens(self, size: int) -> int:
        """The fewest tokens that spell the last `size` bytes."""
        return self._count[len(self.path) - size]

    def token(self, size: int) -> int:
        """The first of them; size is at least 1."""
        return self._first[len(self.path) - size]
