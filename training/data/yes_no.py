"""Skill: yes-or-no questions about the tables: kinds of things, colours, capitals and sizes."""

from __future__ import annotations

import random

from training.data.asking import ask
from training.data.chat import Turn, article, capital, say
from training.data.fact_tables import RELATIONS
from training.data.listing import KINDS

SINGULAR = {
    "animals": "animal",
    "colours": "colour",
    "fruits": "fruit",
    "vegetables": "vegetable",
    "countries": "country",
    "cities": "city",
    "planets": "planet",
    "birds": "bird",
    "insects": "insect",
    "tools": "tool",
    "flowers": "flower",
    "sports": "sport",
    "vehicles": "vehicle",
}
# From the smallest to the largest.
SIZES = """an ant|a bee|a mouse|a frog|a cat|a dog|a sheep|a pig|a lion|a cow|a horse|an elephant|a bus|a house|a whale|a ship
a mountain|the moon|the earth|the sun""".replace("\n", "|").split("|")
SIZE_Q = "which is {more}, {a} or {b}|what is {more}, {a} or {b}|is {a} or {b} {more}|{a} or {b}, which is {more}"
CAPITALS, COLOURS = RELATIONS[0].table(), RELATIONS[6].table()


def kind_question(rng: random.Random) -> Turn:
    kind, other = rng.sample(list(SINGULAR), 2)
    thing = rng.choice(KINDS[kind].split("|"))
    right = rng.random() < 0.5 or "animals" in (kind, other) or thing in KINDS[other]
    asked = article(SINGULAR[kind if right else other])
    answer = f"Yes, {thing} is {asked}." if right else f"No, {thing} is {article(SINGULAR[kind])}."
    return say(ask(rng, f"is {thing} {asked}"), answer)


def value_question(rng: random.Random) -> Turn:
    capitals = rng.random() < 0.5
    table = CAPITALS if capitals else COLOURS
    (x, y), (_, z) = rng.sample(table, 2)
    asked = y if rng.random() < 0.5 else z
    sure = "Yes" if asked == y else "No"
    if capitals:
        user = rng.choice((f"is {asked} the capital of {x}", f"is the capital of {x} {asked}"))
        return say(ask(rng, user), f"{sure}, the capital of {x} is {y}.", asked)
    return say(ask(rng, rng.choice((f"is {x} {asked}", f"is the colour of {x} {asked}"))), f"{sure}, {x} is {y}.")


def yes_no(rng: random.Random) -> Turn:
    roll = rng.random()
    if roll < 0.35:
        return kind_question(rng)
    if roll < 0.7:
        return value_question(rng)
    i, j = sorted(rng.sample(range(len(SIZES)), 2))
    small, large = SIZES[i], SIZES[j]
    a, b = rng.sample((small, large), 2)
    if rng.random() < 0.5:
        more, found = rng.choice(("bigger", "larger")), large
    else:
        more, found = "smaller", small
    user = ask(rng, rng.choice(SIZE_Q.split("|")).format(a=a, b=b, more=more))
    return say(user, f"{capital(found)} is {more}.")
