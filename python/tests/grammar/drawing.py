"""A model that knows nothing: every token that the mask allows is as likely as another. The worst case for an end in time."""

from __future__ import annotations

import functools
import json
import random
from typing import Any

import numpy as np

from nanochat_engine.constraint import Constraint, ConstraintKind
from nanochat_engine.grammar.state import GrammarState
from nanochat_engine.grammar.vocabulary import Vocabulary
from tests.golden import golden_tokenizer

TOKENIZER = golden_tokenizer()


@functools.cache
def vocabulary() -> Vocabulary:
    return Vocabulary(TOKENIZER)


def constraint(kind: ConstraintKind, value: Any = None) -> Constraint:
    """A constraint as a request's body gives it."""
    if kind == "json_object":
        return Constraint(kind, "")
    return Constraint(kind, value if kind in ("regex", "lark") else json.dumps(value))


def allowed(state: GrammarState) -> list[int]:
    """The ids that the mask allows."""
    bits = np.unpackbits(state.mask().view(np.uint8), count=vocabulary().size, bitorder="little")
    return [int(token) for token in bits.nonzero()[0]]


def draw(state: GrammarState, rnd: random.Random, most: int) -> list[int]:
    """Tokens until the grammar ends, at most `most`."""
    taken: list[int] = []
    while not state.ended and len(taken) < most:
        taken.append(state.take(rnd.choice(allowed(state))))
    return taken


def text_of(tokens: list[int]) -> str:
    """Raises UnicodeDecodeError where they are no whole characters."""
    return b"".join([TOKENIZER.token_bytes(token) for token in tokens]).decode()
