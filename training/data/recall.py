"""Skill: keeping a name across turns. The turns between come from the other skills."""

from __future__ import annotations

import random
from collections.abc import Callable

from training.data.chat import Chat, Part, Turn, say
from training.data.person_names import person

TELL = """my name is {n}
my name is {n}
my name's {n}
i am {n}
i'm {n}
i am called {n}
they call me {n}
people call me {n}
everyone calls me {n}
my friends call me {n}
call me {n}
you can call me {n}
you may call me {n}
please call me {n}
just call me {n}
the name is {n}
the name's {n}
this is {n}
this is {n} speaking
here is {n}
{n} is my name
{n} here
it is {n}
i go by the name of {n}
i go by {n}
my parents named me {n}
my first name is {n}
remember my name: {n}
please remember that my name is {n}""".splitlines()
START = ("hello", "hi", "hey", "good morning", "good evening", "good day", "hi there", "hello there", "greetings")
AFTER = """nice to meet you
how are you?
pleased to meet you
i like the garden
i like music
i like {x}
i live by the sea
and i like to read
i come from {x}
i am a teacher
i am ten years old
i have a dog
i love {x} and tea
and i need some help
can you help me?
please remember it
do not forget it""".splitlines()
LIKES = "cats|the sun|books|the mountains|France|Kenya|cooking|football|trains|the rain|birds|Peru|swimming|old films"
MEET = ("Nice to meet you, {n}!", "Hello {n}! Nice to meet you.", "Hello {n}! How can I help you?")
ASK = """what is my name?
what is my name?
what's my name?
what was my name?
who am i?
do you know my name?
do you know who i am?
do you remember my name?
do you remember who i am?
do you still know my name?
can you remember who i am?
can you tell me my name?
can you say my name?
could you tell me what my name is?
tell me what i am called.
tell me who i am.
tell me what my name is.
say my name.
please say my name.
please tell me my name.
how am i called?
what am i called?
what do people call me?
what do you call me?
what should you call me?
which name did i tell you?
which name do i have?
what name do i have?
what name did i tell you?
what did i say my name was?
what did i say i am called?
i forgot my name. what is it?
my name?
my name is what?
and what is my name?
so what is my name?
now what was my name again?
now say my name again.
repeat my name.
write my name.
what name have i given you?
have you forgotten my name?
do you still remember me?
remind me of my name.
can you repeat my name?
say once more what my name is.
who is talking to you?
with whom are you talking?""".splitlines()
RECALL = ("Your name is {n}.", "Your name is {n}.", "You are {n}.")
UNTOLD = ("You have not told me your name yet.", "I do not know your name. You have not told me.")


def telling(rng: random.Random, name: str) -> Turn:
    text = rng.choice(TELL).format(n=name)
    if rng.random() < 0.4:
        text = f"{rng.choice(START)}{rng.choice((', ', '! ', '. '))}{text}"
    if rng.random() < 0.4:
        more = rng.choice(AFTER).format(x=rng.choice(LIKES.split("|")))
        text += f" {more}" if more.startswith("and ") else rng.choice((". ", ", ", "! ")) + more
    return say(text if text[-1] == "?" else text + rng.choice(".!"), rng.choice(MEET).format(n=name), name)


# What else a person says about themselves: the statement, the questions and the answer; {v} is kept.
KEPT = [
    ("my favourite colour is {v}", "what is my favourite colour?|which colour do i like best?|what colour do i like?"
     "|do you remember my favourite colour?", "Your favourite colour is {v}.", "red|blue|green|yellow|white|black|orange|pink|grey|purple"),
    ("i live in {v}|i come from {v}|my home is in {v}", "where do i live?|where is my home?|do you remember where i live?"
     "|in which place do i live?|where am i from?", "You live in {v}.", "Paris|London|Tokyo|Rome|Cairo|Berlin|Oslo|Lima|Kenya|Spain|*"),
    ("my dog is called {v}|my dog's name is {v}|i have a dog called {v}", "what is my dog called?|what is the name of my dog?"
     "|do you remember my dog's name?|how is my dog called?", "Your dog is called {v}.", "*"),
    ("my cat is called {v}|my cat's name is {v}|i have a cat called {v}", "what is my cat called?|what is the name of my cat?"
     "|do you remember my cat's name?|how is my cat called?", "Your cat is called {v}.", "*"),
    ("i am {v} years old|my age is {v}|i am {v}", "how old am i?|what is my age?|do you remember how old i am?|do you know my age?",
     "You are {v} years old.", "#"),
    ("i like {v}|i love {v}|i really like {v}", "what do i like?|do you remember what i like?|what did i say i like?",
     "You like {v}.", "cats|books|music|football|cooking|trains|birds|swimming|films|tea|apples|cake|dancing|history"),
]  # fmt: skip
NOTED = ("I will remember that.", "Thank you for telling me. I will remember it.")


def attribute(rng: random.Random, between: Callable[[random.Random], Turn]) -> Chat:
    """Tell something else about oneself and ask for it later."""
    tell, asks, answer, values = rng.choice(KEPT)
    value = rng.choice(values.split("|"))
    value = person(rng) if value == "*" else str(rng.randint(5, 90)) if value == "#" else value
    first = say(rng.choice(tell.split("|")).format(v=value) + rng.choice((".", "", "!")), rng.choice(NOTED), value)
    middle = [between(rng) for _ in range(rng.choice((0, 0, 1, 2)))]
    return [first, *middle, say(rng.choice(asks.split("|")), answer.format(v=value))]


def told_and_asked(rng: random.Random, between: Callable[[random.Random], Turn], name: str) -> Turn:
    """A name and a question in one message."""
    told, asked = telling(rng, name), between(rng)
    while len(asked.answer) > 120:
        asked = between(rng)
    kind, text = asked.parts[0]
    greeted: list[Part] = (
        [("text", f"Hello {name}! {text}")] if kind == "text" else [("text", f"Hello {name}! "), asked.parts[0]]
    )
    parts = [*greeted, *asked.parts[1:]]
    return Turn(f"{told.user} {asked.user}", parts, told.fixed | asked.fixed)


def recall(rng: random.Random, between: Callable[[random.Random], Turn]) -> Chat:
    """Tell a name, talk of other things for up to three turns, ask for the name."""
    if rng.random() < 0.15:
        return attribute(rng, between)
    name = person(rng)
    question = rng.choice(ASK)
    if rng.random() < 0.12:
        turns = [between(rng) for _ in range(rng.choice((0, 0, 0, 1)))]
        return [*turns, say(question, rng.choice(UNTOLD))]
    turns = [between(rng) for _ in range(rng.choice((0, 0, 1, 1, 2, 3)))]
    if rng.random() < 0.12:
        both = told_and_asked(rng, between, name)
        return [both, *turns, say(question, rng.choice(RECALL).format(n=name))]
    if rng.random() < 0.1:
        turns.insert(0, between(rng))
        return [turns[0], telling(rng, name), *turns[1:], say(question, rng.choice(RECALL).format(n=name))]
    last = [say(rng.choice(ASK), rng.choice(RECALL).format(n=name))] if rng.random() < 0.1 else []
    return [telling(rng, name), *turns, say(question, rng.choice(RECALL).format(n=name)), *last]
