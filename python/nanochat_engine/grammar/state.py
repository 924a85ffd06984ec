"""How far a choice is in its grammar: what its next token may be, and an end that fits the tokens left.

Everything is a function of the tokens taken. The invariant: before each token, `path` is bytes that lead to an end, and the fewest
tokens that spell it, with the one that ends the answer, fit the tokens left. A token that would break it is replaced by the path's next;
where llguidance meets one of its limits, the path is followed to its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from llguidance import LLMatcher

from nanochat_engine.errors import InternalError
from nanochat_engine.grammar.byte_grammar import completes, take
from nanochat_engine.grammar.closing import Search
from nanochat_engine.grammar.vocabulary import Vocabulary

Words = npt.NDArray[np.int32]

# Of a search after one token: for a path at all, and for making it fit.
_FUEL, _IMPROVING = 2_500, 600
# Shorter ends of the path are tried as paths of their own, the shortest first.
_MOST_ENDS = 256


class GrammarState:
    """matcher, bytewise: the grammar over the vocabulary and over bytes, both at its start and owned by this state.

    path: an answer from the start. tokens_left: what the answer may take, its end included.
    """

    def __init__(
        self, vocabulary: Vocabulary, matcher: LLMatcher, bytewise: LLMatcher, path: bytes, tokens_left: int
    ) -> None:
        self._vocabulary = vocabulary
        self._matcher = matcher
        self._bytewise = bytewise
        self._path = path
        self._left = tokens_left
        self._closing = False
        self.ended = False
        self._words = np.zeros((vocabulary.size + 31) // 32, np.int32)

    @property
    def accepting(self) -> bool:
        """Whether the text so far satisfies the grammar."""
        return not self._path or bool(self._bytewise.is_accepting())

    def mask(self) -> Words:
        """Bit id % 32 of word id // 32 is set where the token may come next; valid until the next call."""
        if not self._closing:
            self._matcher.unsafe_compute_mask_ptr(self._words.ctypes.data, self._words.nbytes)
            self._closing = self._matcher.is_error()
        if self._closing:
            token = self._next()
            self._words.fill(0)
            self._words.view(np.uint32)[token // 32] = 1 << token % 32
        else:
            self._words &= self._vocabulary.permitted
        return self._words

    def take(self, token: int) -> int:
        """Take the drawn token, or in its place the one that leads to the end in time; returns which was taken."""
        if self.ended:
            raise InternalError("The grammar had ended before this token.")
        if self._closing or not self._follow(token):
            token = self._next()
            if token == self._vocabulary.end:
                self.ended = True
            elif self._closing or not self._follow(token):
                # A limit of a step was met, and the path is still an end.
                self._closing = True
                self._path = self._path[len(self._vocabulary.bytes_of(token) or b"") :]
        if not self._closing and not self._matcher.consume_token(token):
            self._closing = True
        self._left -= 1
        return token

    def replay(self, tokens: Sequence[int]) -> int:
        """Take the tokens of an interrupted run; how many of them a run could have given."""
        for position, token in enumerate(tokens):
            if self.ended or not self._follow(token) or not self._matcher.consume_token(token):
                return position
            self._left -= 1
        return len(tokens)

    def _next(self) -> int:
        """The first token of the path, or the end."""
        return self._vocabulary.fewest(self._path)[0] if self._path else self._vocabulary.end

    def _follow(self, token: int) -> bool:
        """Move the bytewise state and the path by a token if an end still fits after it; else leave both."""
        if token == self._vocabulary.end:
            self.ended = self.accepting
            return self.ended
        text = self._vocabulary.bytes_of(token)
        if not text or not take(self._bytewise, text):
            return False
        path = self._path_after(text)
        if path is None:
            self._bytewise.rollback(len(text))
            return False
        self._path = path
        return True

    def _path_after(self, text: bytes) -> bytes | None:
        """A path from the state after `text`, which the bytewise matcher has taken, that fits; None where none was found."""
        if self._path.startswith(text):
            rest = self._path[len(text) :]
            if self._fits(rest):
                return rest
        for end in self._ends(len(text)):
            if completes(self._bytewise, end):
                if self._fits(end):
                    return end
                break
        return self._searched()

    def _ends(self, taken: int) -> Iterator[bytes]:
        """What the path may have become: its ends, the shortest first; of a long path what is left after as many bytes as were taken."""
        if len(self._path) > _MOST_ENDS:
            yield self._path[taken:]
        for size in range(min(len(self._path), _MOST_ENDS) + 1):
            yield self._path[len(self._path) - size :]

    def _searched(self) -> bytes | None:
        path = Search(self._bytewise, _FUEL).shortest(_IMPROVING, self._fits)
        return path if path is not None and self._fits(path) else None

    def _fits(self, path: bytes) -> bool:
        """Whether the path and the end fit what is left after the token at hand."""
        room = self._left - 2
        return len(path) <= room or (room >= 0 and len(self._vocabulary.fewest(path)) <= room)
