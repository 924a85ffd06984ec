"""How people really type: casing, missing punctuation, a slip of the finger, a polite start."""

from __future__ import annotations

import random
import re

from training.data.chat import capital

STARTS = (
    "please,", "hey,", "hi,", "so,", "ok,", "well,", "quick question:", "question:", "hello,", "now", "and",
    "one more thing:", "next:", "could you help me?", "i have a question.", "hmm,", "tell me,", "right,",
)  # fmt: skip
ENDS = (", please", " please", ", thanks", " for me", " then", ", do you know", " again", ", thank you")
SYSTEMS = (
    "You are a helpful assistant.", "You are a friendly assistant. Keep answers short.", "Be concise.",
    "You are an assistant that answers questions.", "Answer briefly.", "You are a polite chat bot.",
    "You are a helpful, honest assistant. Answer the user's question.", "Reply in one sentence.",
)  # fmt: skip


def slip(rng: random.Random, text: str, fixed: frozenset[str]) -> str:
    """Swap, drop or double one letter inside one long word."""
    spots = [m for m in re.finditer(r"[A-Za-z]{5,}", text) if m.group() not in fixed]
    if not spots:
        return text
    spot = rng.choice(spots)
    w, i = spot.group(), rng.randrange(1, len(spot.group()) - 2)
    wrong = rng.choice((w[:i] + w[i + 1] + w[i] + w[i + 2 :], w[:i] + w[i + 1 :], w[:i] + w[i] + w[i:]))
    return text[: spot.start()] + wrong + text[spot.end() :]


def dress(rng: random.Random, text: str, fixed: frozenset[str]) -> str:
    """One way in which a person might type `text`."""
    text = capital(text)
    if rng.random() < 0.12:
        head = text if re.match(r"I\b|[A-Z]\w* is\b", text) or text.split()[0] in fixed else text[0].lower() + text[1:]
        text = capital(f"{rng.choice(STARTS)} {head}")
    if rng.random() < 0.06 and text[-1:] in "?.":
        text = text[:-1] + rng.choice(ENDS) + text[-1]
    roll = rng.random()
    if roll < 0.2:
        text = text.lower()
    elif roll < 0.22:
        text = text.upper() if not fixed else text
    roll = rng.random()
    if roll < 0.22:
        text = text.rstrip("?.!")
    elif roll < 0.26:
        text = text.rstrip("?.!") + rng.choice(("!", "??", "?!", "...", " ?", "!!"))
    if rng.random() < 0.1:
        text = text.replace("'s", "s").replace("'m", "m").replace("'t", "t")
    if rng.random() < 0.05:
        text = slip(rng, text, fixed)
    return text


def with_system(rng: random.Random, text: str) -> str:
    """As a leading system message arrives: before the first user text, with an empty line between."""
    return f"{rng.choice(SYSTEMS)}\n\n{text}" if rng.random() < 0.07 else text
