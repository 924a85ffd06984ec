"""Watches the tokens of one sequence for calculator blocks and says which ids must come next.

A pure function of the pushed ids, so a sequence is resumed by pushing them again: what was forced before is taken as
it stands, and the rest of a result that was cut short is computed again. It knows no model and no sequence.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

from nanochat_engine.request import Calculation
from nanochat_engine.tokenizer.tokenizer import Tokenizer
from nanochat_engine.tools.calculator import evaluate

MAX_EXPRESSION_TOKENS = 256


class _Block(Enum):
    TEXT = auto()
    EXPRESSION = auto()
    OUTPUT = auto()


class CalculatorLoop:
    """State of one sequence's generated tokens. Push every token appended, forced ones included.

    visible: whether the token just pushed belongs to the answer's text; calculator blocks and their borders do not.
    calculation: what the token just pushed ended, if its result is forced next.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._block = _Block.TEXT
        self._expression: list[int] | None = None
        self._forced: deque[int] = deque()
        self.visible = True
        self.calculation: Calculation | None = None

    @property
    def forced(self) -> tuple[int, ...]:
        """Ids that must be appended next, in order, instead of sampled ones. Empty when the model goes on."""
        return tuple(self._forced)

    @property
    def next_forced(self) -> int | None:
        return self._forced[0] if self._forced else None

    def push(self, token_id: int) -> None:
        """Observe the token just appended to the sequence."""
        if self._forced:
            if token_id == self._forced[0]:
                self._forced.popleft()
            else:
                # Only a replay diverges: an earlier run's ids are the truth, whatever would be forced today.
                self._forced.clear()
        self.calculation = None
        before = self._block
        self._advance(token_id)
        self.visible = (
            before is _Block.TEXT and self._block is _Block.TEXT and token_id not in self._tokenizer.special_ids
        )

    def _advance(self, token_id: int) -> None:
        tokenizer = self._tokenizer
        if token_id in tokenizer.stop_ids:
            self._block = _Block.TEXT
        elif token_id == tokenizer.python_start_id:
            self._block, self._expression = _Block.EXPRESSION, []
        elif self._block is _Block.EXPRESSION:
            if token_id == tokenizer.python_end_id:
                self._block = _Block.TEXT
                self._force_result()
            else:
                self._collect(token_id)
        elif token_id == tokenizer.output_start_id:
            self._block = _Block.OUTPUT
        elif token_id == tokenizer.output_end_id:
            self._block = _Block.TEXT

    def _collect(self, token_id: int) -> None:
        """None stands for an expression that can't be evaluated any more: too long, or with a special token inside."""
        if (
            self._expression is None
            or token_id in self._tokenizer.special_ids
            or len(self._expression) >= MAX_EXPRESSION_TOKENS
        ):
            self._expression = None
        else:
            self._expression.append(token_id)

    def _force_result(self) -> None:
        expression = self._tokenizer.decode(self._expression) if self._expression else ""
        result = evaluate(expression) if expression else None
        self._expression = None
        if result is not None:
            self.calculation = Calculation(expression, result)
            tokenizer = self._tokenizer
            self._forced.extend((tokenizer.output_start_id, *tokenizer.encode(result), tokenizer.output_end_id))
