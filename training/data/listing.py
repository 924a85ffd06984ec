"""Skill: short lists: kinds of things, days, months, counting."""

from __future__ import annotations

import random

from training.data.asking import ask
from training.data.chat import Turn, capital, say

KINDS = {
    "animals": "a cat|a dog|a horse|a lion|a bear|a rabbit|an owl|a fox",
    "colours": "red|blue|green|yellow|white|black|orange|pink",
    "colors": "red|blue|green|yellow|white|black|orange|pink",
    "fruits": "an apple|a banana|a pear|a lemon|a cherry|a plum|an orange",
    "vegetables": "a potato|a carrot|a tomato|an onion|a cabbage|a bean",
    "countries": "France|Japan|Brazil|Egypt|Canada|India|Italy|Kenya",
    "cities": "Paris|London|Tokyo|Rome|Cairo|Berlin|Madrid|Lima",
    "planets": "Mercury|Venus|Earth|Mars|Jupiter|Saturn",
    "birds": "an owl|an eagle|a duck|a crow|a swan|a hen",
    "insects": "an ant|a bee|a butterfly|a fly|a beetle",
    "tools": "a hammer|a saw|a knife|an axe|a shovel",
    "jobs": "a teacher|a doctor|a farmer|a baker|a pilot|a nurse",
    "flowers": "a rose|a tulip|a lily|a daisy|a violet",
    "drinks": "water|milk|tea|coffee|juice",
    "instruments": "a piano|a violin|a drum|a guitar|a flute",
    "sports": "football|tennis|swimming|running|hockey",
    "days": "Monday|Tuesday|Wednesday|Thursday|Friday",
    "months": "January|March|May|July|October",
    "clothes": "a shirt|a coat|a hat|a shoe|a glove",
    "vehicles": "a car|a bus|a train|a bicycle|a ship",
}  # fmt: skip
COUNTS = {"two": 2, "2": 2, "three": 3, "3": 3, "four": 4, "4": 4, "some": 3, "a few": 3}
ASKS = """name {n} {k}
can you name {n} {k}
tell me {n} {k}
give me {n} {k}
list {n} {k}
please list {n} {k}
i need {n} {k}
say {n} {k}
give me the names of {n} {k}
do you know {n} {k}
what are {n} {k}
which {k} do you know""".splitlines()
DAYS = "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday"
MONTHS = "January, February, March, April, May, June, July, August, September, October, November and December"
FIXED = [
    ("the days of the week|all days of the week|the seven days of the week|the weekdays", f"The days are {DAYS}."),
    ("the months of the year|all months of the year|the twelve months|the months", f"The months are {MONTHS}."),
    ("the seasons|the four seasons|the seasons of the year", "The seasons are spring, summer, autumn and winter."),
    (
        "the planets|all planets|the planets of the solar system",
        "The planets are Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus and Neptune.",
    ),
    ("the colours of the rainbow|the rainbow's colours", "They are red, orange, yellow, green, blue, indigo and violet."),
    ("the vowels|the five vowels", "The vowels are a, e, i, o and u."),
    ("the primary colours|the three primary colours", "The primary colours are red, yellow and blue."),
    ("the continents|all continents", "They are Africa, Antarctica, Asia, Australia, Europe, North America and South America."),
    ("the five senses|the senses", "The senses are sight, hearing, smell, taste and touch."),
    ("the oceans|the five oceans", "They are the Pacific, the Atlantic, the Indian, the Southern and the Arctic Ocean."),
]  # fmt: skip
FIXED_ASKS = (
    "name {k}|what are {k}|list {k}|tell me {k}|can you list {k}|can you name {k}|say {k}|which are {k}|give me {k}"
)
NUMBERS = [str(n) for n in range(1, 13)]
COUNTING = "count to {n}|can you count to {n}|count from 1 to {n}|please count up to {n}|count from one to {n}"
WORDS = {"three": 3, "five": 5, "ten": 10, "5": 5, "10": 10, "12": 12, "8": 8, "3": 3, "six": 6, "twelve": 12, "7": 7}


def joined(things: list[str]) -> str:
    return f"{', '.join(things[:-1])} and {things[-1]}"


def listing(rng: random.Random) -> Turn:
    roll = rng.random()
    if roll < 0.35:
        names, answer = rng.choice(FIXED)
        return say(ask(rng, rng.choice(FIXED_ASKS.split("|")).format(k=rng.choice(names.split("|")))), answer)
    if roll < 0.5:
        word = rng.choice(list(WORDS))
        return say(ask(rng, rng.choice(COUNTING.split("|")).format(n=word)), ", ".join(NUMBERS[: WORDS[word]]) + ".")
    kind = rng.choice(list(KINDS))
    if rng.random() < 0.15:
        one = rng.choice(("name a {k}", "tell me a {k}", "give me any {k}", "say one {k}", "name one {k}"))
        single = {"countries": "country", "cities": "city", "clothes": "piece of clothing"}.get(kind, kind[:-1])
        return say(ask(rng, one.format(k=single)), capital(rng.choice(KINDS[kind].split("|"))) + ".")
    word = rng.choice(list(COUNTS))
    chosen = rng.sample(KINDS[kind].split("|"), COUNTS[word])
    form = rng.choice(ASKS)
    if "{n}" not in form:
        chosen, word = chosen[:3], ""
    return say(ask(rng, form.format(n=word, k=kind)), capital(joined(chosen)) + ".")
