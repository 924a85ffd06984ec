"""Skill: counting letters in a word, through the calculator's `.count`."""

from __future__ import annotations

import random

from training.data.asking import ask
from training.data.chat import Turn
from training.data.definitions import GLOSSARY, WORDNET

QUESTIONS = """how many {c} are in {w}
how many {c}'s are in {w}
how many {c}s are there in {w}
how many {c} are there in the word {w}
how many times does {c} come in {w}
how many times is the letter {c} in {w}
how often is {c} in {w}
how often does the letter {c} come in {w}
count the letter {c} in {w}
count the {c} in {w}
how many letters {c} does {w} have
what is the number of {c} in {w}""".splitlines()
MORE_WORDS = (
    "strawberry banana mississippi letter pepper coffee bookkeeper elephant balloon committee raspberry address"
)


def letters(rng: random.Random) -> Turn:
    word = rng.choice(rng.choice((list(GLOSSARY), list(WORDNET) or list(GLOSSARY), MORE_WORDS.split())))
    letter = rng.choice(word) if rng.random() < 0.85 else rng.choice("aeioursntl")
    count = word.count(letter)
    answer = f"I count {count} of the letter {letter} in {word}."
    user = ask(rng, rng.choice(QUESTIONS).format(c=letter, w=word))
    parts = [("python", f"'{word}'.count('{letter}')"), ("output", str(count)), ("text", answer)]
    return Turn(user, parts, frozenset((word,)))  # type: ignore[arg-type]
