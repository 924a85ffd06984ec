"""Compiles constraints: each once, checked by the helper first, kept by the hash of its source."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future

from llguidance import LLMatcher

from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import EngineError, InternalError, InvalidRequest
from nanochat_engine.grammar.byte_grammar import LIMITS
from nanochat_engine.grammar.checker import Checker
from nanochat_engine.grammar.refusal import TooSlow, refuse
from nanochat_engine.grammar.source import grammar_of
from nanochat_engine.grammar.spelling import Spelling
from nanochat_engine.grammar.state import GrammarState
from nanochat_engine.grammar.vocabulary import Vocabulary

MOST_KEPT = 64


class CompiledConstraint:
    """A constraint that compiles. Choices share its source and path; matchers they have of their own, as limits count for a matcher.

    least_tokens: tokens of an answer as short as was found, its end included.
    """

    def __init__(self, constraint: Constraint, vocabulary: Vocabulary, path: bytes) -> None:
        self._grammar = grammar_of(constraint)
        self._vocabulary = vocabulary
        self._path = Spelling(vocabulary, path)
        self.least_tokens = self._path.tokens(len(path)) + 1
        # This one shows whether the first mask meets a limit.
        first = LLMatcher(vocabulary.tokenizer, self._grammar, limits=LIMITS, log_level=0)
        if not first.is_error():
            first.compute_bitmask()
        if first.is_error():
            raise refuse(f"{constraint.kind} does not compile: {first.get_error()}")

    def state(self, max_tokens: int) -> GrammarState:
        """A choice's state at the start. Raises InvalidRequest where no answer fits max_tokens."""
        if max_tokens < self.least_tokens:
            raise refuse(
                f"An answer that satisfies the constraint takes at least {self.least_tokens} tokens, as far as was found; "
                f"max_tokens is {max_tokens}."
            )
        return GrammarState(self._vocabulary, self._grammar, self._path, max_tokens)


class Compiler:
    """Thread-safe; `compile` blocks, so keep it off event loops. compilations: how many were begun."""

    def __init__(self, vocabulary: Vocabulary, checker: Checker | None = None, most_kept: int = MOST_KEPT) -> None:
        self._vocabulary = vocabulary
        self._checker = checker or Checker()
        self._most_kept = most_kept
        self._lock = threading.Lock()
        self._outcomes: OrderedDict[str, Future[CompiledConstraint | EngineError]] = OrderedDict()
        self.compilations = 0

    def compile(self, constraint: Constraint) -> CompiledConstraint:
        """The compiled constraint; waits where another caller is compiling the same. A refusal is kept as well, unless it came by time.

        Raises InvalidRequest (param `constraint`) with the reason, QueueFull, Unavailable.
        """
        key = constraint.key()
        with self._lock:
            future = self._outcomes.get(key)
            mine = future is None
            if future is None:
                future = self._outcomes[key] = Future()
                self.compilations += 1
                if len(self._outcomes) > self._most_kept:
                    self._outcomes.popitem(last=False)
            self._outcomes.move_to_end(key)
        if mine:
            future.set_result(self._compile(constraint, key))
        outcome = future.result()
        if isinstance(outcome, EngineError):
            # A new one: what is raised collects tracebacks.
            raise type(outcome)(outcome.message, code=outcome.code, param=outcome.param)
        return outcome

    def start(self) -> None:
        """Start the helper process ahead of the first constraint. Raises Unavailable."""
        self._checker.start()

    def has(self, constraint: Constraint) -> bool:
        """Whether `compile` would return, or refuse, at once."""
        with self._lock:
            future = self._outcomes.get(constraint.key())
            return future is not None and future.done()

    def close(self) -> None:
        """End the helper process."""
        self._checker.close()

    def _compile(self, constraint: Constraint, key: str) -> CompiledConstraint | EngineError:
        try:
            return CompiledConstraint(constraint, self._vocabulary, self._checker.shortest(constraint))
        except EngineError as error:
            if isinstance(error, TooSlow) or not isinstance(error, InvalidRequest):
                self._forget(key)
            return error
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            self._forget(key)
            return InternalError(f"The constraint could not be compiled: {error}")

    def _forget(self, key: str) -> None:
        with self._lock:
            self._outcomes.pop(key, None)
