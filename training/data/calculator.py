"""Skill: arithmetic through the calculator. The result is never learnt, only asked for and copied."""

from __future__ import annotations

import random

from training.data.asking import ask, ask_for
from training.data.chat import Turn

SYMBOL_FORMS = """{a} {s} {b}
{a} {s} {b}
{a}{s}{b}
what is {a} {s} {b}?
what's {a}{s}{b}?
{a} {s} {b} = ?
{a} {s} {b} =
{a}{s}{b}=?
calculate {a} {s} {b}
compute {a}{s}{b}
solve {a} {s} {b}
how much is {a} {s} {b}?
work out {a} {s} {b}
please calculate {a} {s} {b}
evaluate {a}{s}{b}""".splitlines()

WORD_FORMS = """what is {e}?
what is {e}?
what's {e}?
how much is {e}?
what does {e} make?
what does {e} equal?
what does {e} come to?
what does {e} give?
what do i get for {e}?
what do we get if we calculate {e}?
what do you get when you do {e}?
calculate {e}.
compute {e}.
work out {e}.
please work out {e}.
can you work out {e}?
can you calculate {e} for me?
could you compute {e}?
{e}
{e}?
{e} is how much?
{e} equals what?
{e} makes what?
tell me what {e} is.
tell me {e}.
give me the result of {e}.
what is the result of {e}?
i need the result of {e}.
what is the answer to {e}?
do you know {e}?
how many is {e}?
solve {e}.
find {e}.""".splitlines()

NOUNS = {
    "+": ("the sum of {a} and {b}", "the total of {a} and {b}"),
    "-": ("the difference between {a} and {b}", "the difference of {a} and {b}"),
    "*": ("the product of {a} and {b}",),
    "/": ("the quotient of {a} and {b}", "{a} divided by {b}"),
}
WORDS = {
    "+": ("plus", "plus", "and", "added to"),
    "-": ("minus", "minus", "less", "take away"),
    "*": ("times", "times", "multiplied by"),
    "/": ("divided by", "divided by", "over"),
}
# Each asks in the imperative; {a} {sign} {b} is what is meant.
ORDERS = {
    "+": ("add {a} and {b}", "add {b} to {a}", "add up {a} and {b}", "sum {a} and {b}", "put {a} and {b} together"),
    "-": ("subtract {b} from {a}", "take {b} away from {a}", "take {b} from {a}", "deduct {b} from {a}"),
    "*": ("multiply {a} by {b}", "multiply {a} with {b}", "multiply {a} and {b}"),
    "/": ("divide {a} by {b}", "split {a} into {b} equal parts", "share {a} between {b} people"),
}
ORDER_FORMS = """{o}
{o}.
please {o}.
can you {o}?
could you {o} for me?
can you please {o}?
would you {o}?
i want to {o}. what do i get?
i have to {o}. what is it?
i need to {o}.
i must {o}, what comes out?
if i {o}, what do i get?
what do i get if i {o}?
what happens if you {o}?
what is left when you {o}?
help me to {o}.
{o}, please.
{o} and tell me the result.""".splitlines()
STORIES = {
    "+": (
        "I have {a} {t} and buy {b} more. How many {t} do I have?",
        "there are {a} {t} in one box and {b} in another. how many are there together?",
        "i had {a} {t} and got {b} more. how many now?",
    ),
    "-": (
        "I have {a} {t} and give away {b}. How many {t} are left?",
        "there were {a} {t} and {b} are gone. how many remain?",
        "i had {a} {t} and lost {b}. how many are left?",
    ),
    "*": (
        "There are {a} boxes with {b} {t} each. How many {t} are there?",
        "i have {a} bags of {b} {t}. how many {t} is that?",
        "one box holds {b} {t}. how many {t} are in {a} boxes?",
    ),
    "/": (
        "I share {a} {t} between {b} friends. How many does each get?",
        "{a} {t} go into {b} boxes. how many are in each box?",
    ),
}
THINGS = ("apples", "books", "coins", "stamps", "cards", "eggs", "pencils", "marbles", "oranges", "cakes", "tickets")
SIGNS = {"+": ("+",), "-": ("-",), "*": ("*", "*", "x", "×"), "/": ("/", "/", "÷", ":")}
SPOKEN = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}


def operand(rng: random.Random) -> int:
    return rng.randrange(10 ** rng.choice((1, 2, 2, 2, 3, 3, 3, 4)))


def operands(rng: random.Random, op: str) -> tuple[int, int]:
    """Two numbers; for division nearly always with a whole result."""
    a, b = operand(rng), operand(rng)
    if rng.random() < 0.15:
        a, b = rng.randint(0, 12), rng.randint(0, 12)
    if op == "-" and a < b and rng.random() < 0.9:
        a, b = b, a
    if op == "/":
        b = max(1, b % 100)
        if rng.random() < 0.93:
            a = b * max(1, a % (9999 // b))
    return a, b


def result_parts(rng: random.Random, a: int, b: int, op: str) -> tuple[str, str]:
    """The calculator's text and how it is said; a quotient may come as 24 or as 24.0."""
    if op != "/":
        text = str({"+": a + b, "-": a - b, "*": a * b}[op])
        return text, text
    if a % b == 0:
        return str(a // b) + rng.choice(("", ".0")), str(a // b)
    text = str(a / b)
    whole, _, decimals = text.partition(".")
    return text, f"{whole}.{decimals[:2]}"


def question(rng: random.Random, a: int, b: int, op: str) -> tuple[str, str]:
    """A question and the sign or word in which it should be answered."""
    roll = rng.random()
    if roll < 0.25:
        sign = rng.choice(SIGNS[op])
        return rng.choice(SYMBOL_FORMS).format(a=a, b=b, s=sign), op
    if roll < 0.33:
        sign = rng.choice(SIGNS[op])
        return rng.choice(WORD_FORMS).format(e=f"{a} {sign} {b}"), op
    if roll < 0.63:
        return rng.choice(WORD_FORMS).format(e=f"{a} {rng.choice(WORDS[op])} {b}"), SPOKEN[op]
    if roll < 0.75:
        return ask_for(rng, rng.choice(NOUNS[op]).format(a=a, b=b)), SPOKEN[op]
    if roll < 0.93:
        return rng.choice(ORDER_FORMS).format(o=rng.choice(ORDERS[op]).format(a=a, b=b)), SPOKEN[op]
    return ask(rng, rng.choice(STORIES[op]).format(a=a, b=b, t=rng.choice(THINGS)).rstrip("?")), SPOKEN[op]


def chain(rng: random.Random) -> Turn:
    """Three numbers; the calculator knows which sign comes first."""
    numbers = [rng.randint(1, 99) for _ in range(3)]
    signs = [rng.choice("+-*"), rng.choice("+-*")]
    spoken = rng.random() < 0.5
    shown = [f" {SPOKEN[s]} " if spoken else f" {s} " for s in signs]
    text = "".join(f"{n}{s}" for n, s in zip(numbers, [*shown, ""], strict=True))
    plain = "".join(f"{n}{s}" for n, s in zip(numbers, [*signs, ""], strict=True))
    a, b, c = numbers
    value = {"+": a + b, "-": a - b, "*": a * b}[signs[0]]
    if signs[1] == "*" and signs[0] != "*":
        value = a + b * c if signs[0] == "+" else a - b * c
    else:
        value = {"+": value + c, "-": value - c, "*": value * c}[signs[1]]
    user = rng.choice(WORD_FORMS).format(e=text if rng.random() < 0.8 else plain)
    said = f"{text} {'is' if spoken else '='} {value}."
    return Turn(user, [("python", plain), ("output", str(value)), ("text", said)])


def arithmetic(rng: random.Random) -> Turn:
    if rng.random() < 0.06:
        return chain(rng)
    op = rng.choice("+-*/")
    a, b = operands(rng, op)
    user, word = question(rng, a, b, op)
    forced, said = result_parts(rng, a, b, op)
    equals = "=" if word == op else "is"
    about = "about " if op == "/" and a % b else ""
    answer = f"{a} {word} {b} {equals} {about}{said}."
    return Turn(user, [("python", f"{a}{op}{b}"), ("output", forced), ("text", answer)])


def expression(turn: Turn) -> str | None:
    """What a turn gives to the calculator, if it does."""
    return next((text for kind, text in turn.parts if kind == "python"), None)
