"""The mixture: which skills come how often, alone and in longer chats, filtered against the held-out prompts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from training.data.calculator import arithmetic, expression
from training.data.chat import Chat, Turn
from training.data.definitions import define
from training.data.facts import fact
from training.data.greeting import farewell, greeting
from training.data.identity import identity
from training.data.letters import letters
from training.data.listing import listing
from training.data.noise import dress, with_system
from training.data.opposites import opposite
from training.data.poem import poem
from training.data.recall import UNTOLD, recall
from training.data.small_talk import small_talk
from training.data.story import story
from training.data.unknown import unknown
from training.data.yes_no import yes_no
from training.eval.near import HeldOut, held_out

Skill = Callable[[random.Random], Turn]
WEIGHTS: dict[Skill, float] = {
    arithmetic: 22,
    fact: 22,
    define: 20,
    opposite: 10,
    unknown: 14,
    identity: 9,
    greeting: 5,
    farewell: 4,
    story: 7,
    small_talk: 6,
    listing: 4,
    letters: 2,
    poem: 2,
    yes_no: 5,
}
# What is said between telling a name and asking for it: short things.
BETWEEN: dict[Skill, float] = WEIGHTS | {story: 1, poem: 0.5}
RECALL_SHARE = 0.2
MORE_TURNS = 0.22


def any_skill(rng: random.Random) -> Turn:
    return rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0](rng)


def between(rng: random.Random) -> Turn:
    return rng.choices(list(BETWEEN), list(BETWEEN.values()))[0](rng)


def plan(rng: random.Random) -> Chat:
    """One chat, still clean."""
    if rng.random() < RECALL_SHARE:
        return recall(rng, between)
    chat = [any_skill(rng)]
    while rng.random() < MORE_TURNS and len(chat) < 6:
        chat.append(any_skill(rng))
    return chat


def chats(rng: random.Random, held: HeldOut | None = None) -> Iterator[Chat]:
    """Endless chats; both the clean and the dressed form of each is kept away from the held-out prompts."""
    held = held or held_out()
    while True:
        chat = plan(rng)
        sums = [e for e in map(expression, chat) if e]
        if held.forbids([t.user for t in chat], sums):
            continue
        dressed = [Turn(dress(rng, t.user, t.fixed), t.parts, t.fixed) for t in chat]
        if held.forbids([t.user for t in dressed], sums):
            continue
        dressed[0].user = with_system(rng, dressed[0].user)
        yield dressed


def long_chats(rng: random.Random, turns: int) -> Iterator[Chat]:
    """Chats joined into long ones of up to `turns` turns, for the last stage.

    A chat that denies knowing a name is left out once one was told, as it would no longer be true.
    """
    stream = chats(rng)
    while True:
        chat: Chat = []
        wanted, named = rng.randint(2, turns), False
        while len(chat) < wanted:
            found = next(stream)
            if named and any(turn.answer in UNTOLD for turn in found):
                continue
            named = named or any(
                turn.answer.startswith(("Your name is", "You are", "Nice to", "Hello ")) for turn in found
            )
            chat += found
        yield chat
