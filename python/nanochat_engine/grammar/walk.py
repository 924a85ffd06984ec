"""The text so far over single bytes: whether more may follow, whether it may end, and a search for an end.

What may follow is a fact of the grammar, so none of the answers depends on what was asked before: a matcher that met a limit by all
it was asked is replaced by a fresh one that has seen the text alone, and a search has a matcher of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from llguidance import LLMatcher, LLParserLimits

from nanochat_engine.grammar.byte_grammar import END, SEARCH_LIMITS, WALK_LIMITS, byte_matcher
from nanochat_engine.grammar.closing import Search

Answer = TypeVar("Answer")


class LimitMet(Exception):
    """The text alone meets a limit."""


class Walk:
    """Owns its matchers: copies of llguidance share one lexer, and with it every limit on its size.

    steps: bytes that were looked at so far, by whoever wants to bound them.
    """

    def __init__(self, grammar: str) -> None:
        self._grammar = grammar
        self._text = bytearray()
        self._matcher = byte_matcher(grammar, WALK_LIMITS)
        self.steps = 0

    @property
    def accepting(self) -> bool:
        """Whether the text so far may be a whole one. Raises LimitMet."""
        return self._asked(LLMatcher.is_accepting)

    def take(self, text: bytes) -> bool:
        """Go on by all of `text`, or by nothing. Raises LimitMet."""
        taken = self._asked(lambda matcher: matcher.try_consume_tokens(list(text)))
        self.steps += taken
        if taken == len(text):
            self._text += text
            return True
        if taken:
            self._matcher.rollback(taken)
        return False

    def back(self, size: int) -> None:
        """Forget the last `size` bytes, which were taken."""
        del self._text[len(self._text) - size :]
        self._matcher.rollback(size)

    def completes(self, path: bytes) -> bool:
        """Whether `path` leads to an end. Raises LimitMet."""
        taken = self._asked(lambda matcher: matcher.validate_tokens([*path, END]))
        self.steps += taken + 1
        return taken == len(path) + 1

    def search(self, fuel: int, improving: int, fits: Callable[[bytes], bool]) -> bytes | None:
        """A path to an end that fits, by at most `fuel` steps; None where none was found."""
        search = Search(self._fresh(SEARCH_LIMITS), fuel)
        path = search.shortest(improving, fits)
        self.steps += fuel - max(0, search.fuel)
        return path

    def _asked(self, question: Callable[[LLMatcher], Answer]) -> Answer:
        answer = question(self._matcher)
        if not self._matcher.is_error():
            return answer
        self._matcher = self._fresh(WALK_LIMITS)
        answer = question(self._matcher)
        if self._matcher.is_error():
            raise LimitMet
        return answer

    def _fresh(self, limits: LLParserLimits) -> LLMatcher:
        matcher = byte_matcher(self._grammar, limits)
        matcher.try_consume_tokens(list(self._text))
        return matcher
