"""How near two prompts are, and the filter that keeps training prompts away from the held-out ones.

Run as a script it draws a large sample of training prompts and fails if any is near.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

LIMIT = 0.8
PROMPTS = Path(__file__).with_name("prompts.json")


def normalised(text: str) -> tuple[str, ...]:
    """Lower-case words and numbers; signs of arithmetic count as words, other punctuation does not."""
    text = re.sub(r"(?<=\d)\s*([-+*/x×÷:])\s*(?=\d)", r" \1 ", text.lower().replace("’", "'"))
    return tuple(re.findall(r"[a-z]+|\d+|[-+*/×÷](?=\s\d)", text.replace("'", "")))


def trigrams(words: tuple[str, ...]) -> frozenset[str]:
    text = f" {' '.join(words)} "
    return frozenset(text[i : i + 3] for i in range(len(text) - 2))


def jaccard(a: frozenset[str], b: frozenset[str], floor: float = 0.0) -> float:
    """Shared part of two sets; 0 without counting where the sizes alone keep it below `floor`."""
    m, n = len(a), len(b)
    if m < floor * n or n < floor * m or not n:
        return 0.0
    both = len(a & b)
    return both / (m + n - both)


class Shape:
    """A prompt in the forms that are compared."""

    def __init__(self, text: str) -> None:
        self.sequence = normalised(text)
        self.words = frozenset(self.sequence)
        self.grams = trigrams(self.sequence)


def similarity(held: Shape, other: Shape, floor: float = 0.0) -> float:
    """The larger of the overlaps of words and of letter trigrams; 1 if `held` stands whole in `other`.

    Values below `floor` may come out as 0.
    """
    n = len(held.sequence)
    if n >= 3 and held.words <= other.words:
        starts = range(len(other.sequence) - n + 1)
        if any(other.sequence[i : i + n] == held.sequence for i in starts):
            return 1.0
    return max(jaccard(held.words, other.words, floor), jaccard(held.grams, other.grams, floor))


class HeldOut:
    """The held-out prompts: their texts, and the names and sums that no training chat may use."""

    def __init__(self, prompts: list[dict[str, Any]]) -> None:
        self.single = [(p["id"], Shape(p["turns"][0])) for p in prompts if len(p["turns"]) == 1]
        self.joined = [(p["id"], Shape(" ".join(p["turns"]))) for p in prompts if len(p["turns"]) > 1]
        self.slots = frozenset(s.lower() for p in prompts for s in p.get("slots", []))
        self.expressions = frozenset(p["expression"] for p in prompts if "expression" in p)

    def nearest(self, users: list[str], floor: float = 0.0) -> tuple[float, str, str]:
        """The largest similarity of any turn, or run of turns, of a chat: (similarity, id, text)."""
        runs = [(text, self.single) for text in users]
        for start in range(len(users) - 1):
            runs += [(" ".join(users[start:end]), self.joined) for end in range(start + 2, len(users) + 1)]
        best = (0.0, "", "")
        for text, prompts in runs:
            shape = Shape(text)
            for prompt_id, held in prompts:
                found = similarity(held, shape, floor)
                if found > best[0]:
                    best = (found, prompt_id, text)
        return best

    def uses_slot(self, users: list[str], expressions: list[str]) -> bool:
        """True if a chat uses a held-out name or sum, however it is asked."""
        names = not self.slots.isdisjoint(w for u in users for w in normalised(u))
        return names or any(e in self.expressions for e in expressions)

    def forbids(self, users: list[str], expressions: list[str]) -> bool:
        """True if a chat is near a held-out prompt, or uses one of its names or sums."""
        if self.uses_slot(users, expressions):
            return True
        return self.nearest(users, LIMIT)[0] >= LIMIT


@lru_cache
def held_out() -> HeldOut:
    return HeldOut(json.loads(PROMPTS.read_text(encoding="utf-8")))


def main() -> None:
    from training.data.calculator import expression  # the generator filters through this module
    from training.data.mix import chats

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chats", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    held, best, near, slots, prompts = held_out(), (0.0, "", ""), 0, 0, 0
    stream = chats(random.Random(options.seed))
    for _ in range(options.chats):
        chat = next(stream)
        users = [turn.user.split("\n\n")[-1] for turn in chat]
        prompts += len(users)
        slots += held.uses_slot(users, [e for e in map(expression, chat) if e])
        found = held.nearest(users)
        near += found[0] >= LIMIT
        best = max(best, found)
    print(
        f"{options.chats} chats, {prompts} prompts; limit {LIMIT}; near: {near}; with a held-out name or sum: {slots}"
    )
    print(f"largest similarity {best[0]:.3f}: held-out {best[1]} and training prompt {best[2]!r}")
    raise SystemExit(near > 0 or slots > 0)


if __name__ == "__main__":
    main()
