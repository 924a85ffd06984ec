"""Skill: short definitions of everyday words, out of the glossary."""

from __future__ import annotations

import random
from pathlib import Path

from training.data.asking import ask, ask_for
from training.data.chat import Turn, article, listed, say

# Words that take no article when one asks for them.
BARE = frozenset(
    listed("""winter summer spring autumn rain snow ice wind thunder lightning fog fire smoke water air gold silver iron glass
wood leather wool cotton grass bread cheese butter honey sugar salt soup breakfast lunch dinner money music peace war
paper scissors night""")
)
HERE = Path(__file__).parent


def rows(name: str) -> list[list[str]]:
    path = HERE / name
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [line.split("\t") for line in text.splitlines()]


GLOSSARY: dict[str, str] = {row[0]: row[1] for row in rows("glossary.tsv")}
WORDNET: dict[str, tuple[str, str]] = {word: (kind, gloss) for word, kind, gloss in rows("wordnet.tsv")}
OWN_SHARE = 0.55

NOUN_PHRASES = """the meaning of {w}
the meaning of {w}
the meaning of the word {w}
the definition of {w}
the definition of the word {w}
a definition of {w}
a definition for {w}
a short definition of {w}
a simple definition of {w}
a short explanation of {w}
an explanation of the word {w}
the sense of the word {w}""".splitlines()

QUESTIONS = """what is {aw}
what is {aw}
what is {aw}
what's {aw}
what does {w} mean
what does {w} mean
what does the word {w} mean
what does the term {w} mean
what is meant by {w}
what is meant by {aw}
what do you mean by {w}
what do we mean by {aw}
what do people mean by {w}
what do we call {aw}
what does one understand by {w}
what do you understand by {aw}
how do you define {w}
how would you define {aw}
how would you explain {aw}
how would you describe {aw}
how can one explain the word {w}
how is {w} defined
what exactly is {aw}
what kind of thing is {aw}
what sort of thing is {aw}
{w} means what
{aw} is what""".splitlines()

ORDERS = """define {w}
define {aw}
define the word {w}
please define {w}
explain {w}
explain {aw}
explain {aw} to me
explain the word {w}
explain the word {w} to a child
explain what {aw} is
explain what {w} means
can you explain {w}
can you explain what {aw} is
could you explain {aw} to a child
can you explain to my son what {aw} is
could you define {w} for me
can you describe {aw}
describe {aw}
describe {aw} in one sentence
describe the word {w}
describe in a few words what {aw} is
tell me what {aw} is
tell me what {w} means
tell me the meaning of {w}
say what {aw} is
i want to know what {aw} is
i do not know what {aw} is
i do not know the word {w}
i do not understand {w}
i don't understand the word {w}. please explain
i never heard the word {w}. what is it
what does it mean? the word is {w}
i read the word {w}. what does it mean
i do not know the word {w}. what does it mean
my child asks what {aw} is
please explain the meaning of {w}
explain the meaning of {w} to me
make clear to me what {aw} is""".splitlines()


def with_article(word: str) -> str:
    return word if word in BARE else article(word)


def define(rng: random.Random) -> Turn:
    if WORDNET and rng.random() > OWN_SHARE:
        return define_by_wordnet(rng)
    word = rng.choice(list(GLOSSARY))
    user = asking(rng, word, with_article(word))
    return say(
        user, f"{with_article(word).capitalize()} is {GLOSSARY[word]}.".replace("Scissors is", "Scissors are"), word
    )


def define_by_wordnet(rng: random.Random) -> Turn:
    """A rarer word; its gloss fits no article, so the answer has one form for all of a kind."""
    word = rng.choice(list(WORDNET))
    kind, gloss = WORDNET[word]
    if kind == "noun":
        return say(asking(rng, word, rng.choice((word, article(word)))), f"The word {word} means: {gloss}.", word)
    if kind == "verb":
        gloss = gloss.removeprefix("to ")
        return say(asking(rng, word, f"to {word}"), f"To {word} means to {gloss}.", word)
    return say(asking(rng, word, word), f"The word {word} means: {gloss}.", word)


def asking(rng: random.Random, word: str, with_its_article: str) -> str:
    """A question for the meaning of a word, known or not."""
    roll = rng.random()
    mark = rng.random()
    shown = f"'{word}'" if mark < 0.12 else f'"{word}"' if mark < 0.2 else word
    names = {"w": shown, "aw": with_its_article}
    if roll < 0.22:
        return ask_for(rng, rng.choice(NOUN_PHRASES).format(**names))
    if roll < 0.68:
        return ask(rng, rng.choice(QUESTIONS).format(**names))
    order = rng.choice(ORDERS).format(**names)
    return order + ("?" if order.startswith(("can", "could", "what", "i read")) else rng.choice((".", "", "!")))
