"""How far a choice is in its grammar: what its next token may be, and an end that fits the tokens left.

Everything is a function of the tokens taken: a token that was drawn and replaced leaves no trace, and no other choice shares a limit.
The invariant: before each token, the path is bytes that lead to an end, and the fewest tokens that spell it, with the one that ends the
answer, fit the tokens left. A token that would break it is replaced by the path's next; where llguidance meets one of its limits, the
path is followed to its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from llguidance import LLMatcher

from nanochat_engine.errors import InternalError
from nanochat_engine.grammar.byte_grammar import LIMITS
from nanochat_engine.grammar.spelling import Spelling
from nanochat_engine.grammar.vocabulary import Vocabulary
from nanochat_engine.grammar.walk import LimitMet, Walk

Words = npt.NDArray[np.int32]

# Of a search after one token: for a path at all, and for making it fit.
_FUEL, _IMPROVING = 2_500, 600
# Shorter ends of the path are tried as paths of their own.
_MOST_ENDS = 256
# Bytes looked at in them, and in what a search finds, to see whether they are paths and fit.
_MOST_BYTES = 8_192
MOST_STEPS_A_TOKEN = 3 * _MOST_BYTES + _FUEL
"""Bytes that one token may have looked at: its own, ends, paths that were found. A search first takes the text so far, too."""


class GrammarState:
    """One choice's, with matchers of its own; building it compiles `grammar`, so keep it off the engine's thread.

    path: an answer from the start. tokens_left: what the answer may take, its end included. steps: bytes looked at so far.
    """

    def __init__(self, vocabulary: Vocabulary, grammar: str, path: Spelling, tokens_left: int) -> None:
        self._vocabulary = vocabulary
        self._matcher = LLMatcher(vocabulary.tokenizer, grammar, limits=LIMITS, log_level=0)
        self._walk = Walk(grammar)
        # The path is the last `_rest` bytes of `_spelling`.
        self._spelling, self._rest = path, len(path.path)
        self._left = tokens_left
        self._closing = False
        self.ended = False
        self._words = np.zeros((vocabulary.size + 31) // 32, np.int32)

    @property
    def accepting(self) -> bool:
        """Whether the text so far satisfies the grammar."""
        return not self._rest or self._walk.accepting

    @property
    def steps(self) -> int:
        return self._walk.steps

    def mask(self) -> Words:
        """Bit id % 32 of word id // 32 is set where the token may come next; valid until the next call. Call it once before each `take`."""
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
                self._rest -= len(self._vocabulary.bytes_of(token) or b"")
        if not self._closing and not self._matcher.consume_token(token):
            self._closing = True
        self._left -= 1
        return token

    def replay(self, tokens: Sequence[int]) -> int:
        """Take the tokens of an interrupted run in the way it took them; how many of them a run could have given.

        Where that is fewer than all, the state is of no further use.
        """
        for position, token in enumerate(tokens):
            if self.ended or not self._allows(token) or self.take(token) != token:
                return position
        return len(tokens)

    def _allows(self, token: int) -> bool:
        # Where the grammar forces bytes, a mask allows one token that spells them; the path's may be a longer one.
        words = self.mask().view(np.uint32)
        return token == self._next() or bool(words[token // 32] >> np.uint32(token % 32) & 1)

    def _next(self) -> int:
        """The first token of the path, or the end."""
        return self._spelling.token(self._rest) if self._rest else self._vocabulary.end

    def _follow(self, token: int) -> bool:
        """Go on by a token if an end still fits after it; else by nothing."""
        try:
            if token == self._vocabulary.end:
                self.ended = self.accepting
                return self.ended
            text = self._vocabulary.bytes_of(token)
            if not text or not self._walk.take(text):
                return False
        except LimitMet:
            return False
        try:
            found = self._goes_on(text)
        except LimitMet:
            found = False
        if not found:
            self._walk.back(len(text))
        return found

    def _goes_on(self, text: bytes) -> bool:
        """Set the path to one from the state after `text`, which was taken, that fits; False where none was found. Raises LimitMet."""
        rest = self._rest - len(text)
        if self._spelling.path.startswith(text, len(self._spelling.path) - self._rest) and self._fits(rest):
            self._rest = rest
            return True
        for size in self._ends(rest):
            if self._fits(size) and self._walk.completes(self._spelling.rest(size)):
                self._rest = size
                return True
        return self._search()

    def _ends(self, rest: int) -> Iterator[int]:
        """Bytes left of what the path may have become: as many as if it were followed, as before; then the shortest first."""
        most = self._walk.steps + _MOST_BYTES
        for size in (rest, self._rest, *range(min(self._rest, _MOST_ENDS) + 1)):
            if size >= 0 and self._walk.steps + size < most:
                yield size

    def _search(self) -> bool:
        found: list[Spelling] = []
        room = self._left - 2
        most = self._walk.steps + _MOST_BYTES

        def fits(path: bytes) -> bool:
            if room < 0 or len(path) > room * self._vocabulary.longest or self._walk.steps + len(path) > most:
                return False
            self._walk.steps += len(path)
            spelling = Spelling(self._vocabulary, path)
            if spelling.tokens(len(path)) > room:
                return False
            found.append(spelling)
            return True

        self._walk.search(_FUEL, _IMPROVING, fits)
        if not found:
            return False
        self._spelling, self._rest = found[-1], len(found[-1].path)
        return True

    def _fits(self, size: int) -> bool:
        """Whether the last `size` bytes of the path and the end fit what is left after the token at hand."""
        return self._spelling.tokens(size) <= self._left - 2
