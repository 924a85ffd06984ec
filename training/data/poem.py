"""Skill: four rhymed lines about whatever is asked for."""

from __future__ import annotations

import random

from training.data.chat import Turn, article, say
from training.data.story import hero

ASKS = """write a poem about {s}.
write a short poem about {s}.
write me a poem about {s}.
can you write a poem about {s}?
please write a poem on {s}.
tell me a poem about {s}.
make a poem about {s}.
make up a rhyme about {s}.
i want a poem about {s}.
i would like a poem about {s}.
give me a rhyme about {s}.
a poem about {s}, please.
do you know a poem about {s}?
say a verse about {s}.
recite a poem about {s}.""".splitlines()
ANY = (
    "write a poem.",
    "a poem, please.",
    "can you write a poem?",
    "tell me a poem.",
    "can you rhyme?",
    "make a rhyme.",
)
FIRST = (
    ("I saw {as} in the morning light,", "it was a very pretty sight."),
    ("I met {as} upon the way,", "and we were happy all the day."),
    ("There was {as} so small and fine,", "I wish that it were always mine."),
)
SECOND = (
    ("The {s} was here, the {s} was there,", "the {s} was nearly everywhere."),
    ("And when the evening came at last,", "the time had gone by much too fast."),
    ("I told the {s} a little tale", "about the sea, about a whale."),
)


def poem(rng: random.Random) -> Turn:
    subject = hero(rng)
    lines = [line.format(s=subject, **{"as": article(subject)}) for line in (*rng.choice(FIRST), *rng.choice(SECOND))]
    if rng.random() < 0.12:
        return say(rng.choice(ANY), "\n".join(lines))
    named = rng.choice((article(subject), f"the {subject}"))
    return say(rng.choice(ASKS).format(s=named), "\n".join(lines), subject)
