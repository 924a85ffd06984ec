"""Ways to ask for a thing named by a noun phrase, shared by all skills that look something up."""

from __future__ import annotations

import random

NOUN_PHRASE = """what is {np}?
what is {np}?
what's {np}?
tell me {np}.
can you tell me {np}?
could you tell me {np}?
please tell me {np}.
do you know {np}?
i want to know {np}.
i would like to know {np}.
i need to know {np}.
i need {np}.
give me {np}.
please give me {np}.
can you give me {np}?
name {np}.
can you name {np}?
{np}?
{np}, please.
{np} please
say {np}.
i am looking for {np}.
i'm searching for {np}.
can you find {np}?
what would be {np}?
what would you say is {np}?
what might be {np}?
i forgot {np}.
i cannot remember {np}.
help me with {np}.
i have to write down {np} for school.
do you happen to know {np}?
let me know {np}.
may i ask you for {np}?
for my homework i need {np}.
i wonder what {np} is.
tell me what {np} is.
do you know what {np} is?
can you say what {np} is?
i'd like to hear {np}.
any idea what {np} is?
my teacher wants to know {np}.
i need {np} for a quiz.
i need {np} for a test at school.
i am doing a crossword and need {np}.
i have a quiz tonight and want to know {np}.
{np} is what i am after.
for a game: {np}?
my son asked me for {np}.
my daughter wants to learn {np}.
we are looking for {np}.
remind me of {np}.
teach me {np}.
write {np}.
i bet you know {np}.
this is my question: {np}?
show me {np}.
{np} is?
{np} is what?
{np} would be what?""".splitlines()

QUESTION = """{q}?
{q}?
{q}?
{q}?
{q}, do you know?
{q}, please?
i have a question: {q}?
can you answer this: {q}?
tell me: {q}?
{q}? i forgot.
{q}? tell me.
my friend asks: {q}?
answer this for me: {q}?""".splitlines()


def ask_for(rng: random.Random, noun_phrase: str) -> str:
    return rng.choice(NOUN_PHRASE).format(np=noun_phrase)


def ask(rng: random.Random, question: str) -> str:
    return rng.choice(QUESTION).format(q=question)
