"""Skill: simple facts out of the tables."""

from __future__ import annotations

import random

from training.data.asking import ask, ask_for
from training.data.chat import Turn, capital, say
from training.data.fact_tables import HAVE_FORMS, MORE, RELATIONS, SINGLES, Relation

SINGLE_Q = """which {k} is {p}
what {k} is {p}
which of the {k}s is {p}
which one of the {k}s is {p}
what is the name of the {k} that is {p}
which {k} would you say is {p}
do you know which {k} is {p}
tell me which {k} is {p}
can you say which {k} is {p}
name the {k} that is {p}
{p} is which {k}
of all {k}s, which is {p}""".splitlines()


def from_relation(rng: random.Random, relation: Relation) -> Turn:
    x, y = rng.choice(relation.table())
    if rng.random() < 0.4:
        user = ask_for(rng, rng.choice(relation.np.split("|")).format(x=x))
    else:
        form = rng.choice(relation.q.split("|"))
        if " in a" in x and rng.random() < 0.45:
            part, _, whole = x.partition(" in ")
            whole = rng.choice((whole, f"one {whole.split(' ', 1)[1]}"))
            form = rng.choice(HAVE_FORMS.split("|")).format(part=part, whole=whole)
        user = ask(rng, form.format(x=x))
    return say(user, capital(rng.choice(relation.a.split("|")).format(x=x, y=y)))


def single(rng: random.Random) -> Turn:
    phrases, kind, y = rng.choice(SINGLES.splitlines()).split(":")
    phrase = rng.choice(phrases.split(";"))
    if phrase.startswith("the ") and len(phrase.split()) == 2 and rng.random() < 0.4:
        user = ask_for(rng, f"{phrase} {kind}{rng.choice(('', '', ' of all'))}")
    else:
        user = ask(rng, rng.choice(SINGLE_Q).format(k=kind, p=phrase))
    said = phrases.split(";")[0]
    if said.startswith("the ") and len(said.split()) == 2:
        return say(user, f"{capital(said)} {kind} is {y}.")
    return say(user, f"The {kind} that is {said} is {y}.")


def fact(rng: random.Random) -> Turn:
    if rng.random() < 0.15:
        return single(rng)
    weights = [5.0, 3.0] + [1.3] * (len(RELATIONS) - 2) + [0.7] * len(MORE)
    return from_relation(rng, rng.choices(RELATIONS + MORE, weights)[0])
