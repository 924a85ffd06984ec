"""The shape of a training conversation: turns of a user's text and the parts of its answer."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "python", "output"]
Part = tuple[Kind, str]


@dataclass
class Turn:
    """One user text and its answer; `fixed` words (names, nonsense) are kept out of the typo noise."""

    user: str
    parts: list[Part]
    fixed: frozenset[str] = field(default_factory=frozenset)

    @property
    def answer(self) -> str:
        """What a reader sees: the plain text without the calculator's blocks."""
        return "".join(text for kind, text in self.parts if kind == "text").strip()


Chat = list[Turn]


def say(user: str, answer: str, *fixed: str) -> Turn:
    return Turn(user, [("text", answer)], frozenset(fixed))


def article(noun: str) -> str:
    """The noun with a or an."""
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def pick(rng: random.Random, text: str) -> str:
    """One of the alternatives in `text`, one a line."""
    return rng.choice([line.strip() for line in text.strip().splitlines()])


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def listed(text: str) -> list[str]:
    """The words of a table that is kept as running text."""
    return text.split()
