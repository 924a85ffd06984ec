"""The generator is deterministic, keeps away from the held-out prompts and gets its sums right."""

from __future__ import annotations

import itertools
import random

from training.data.calculator import arithmetic
from training.data.mix import chats
from training.data.story import story
from training.eval.judge import is_looping
from training.eval.local import calculate
from training.eval.near import LIMIT, Shape, held_out, similarity


def test_the_same_seed_gives_the_same_chats() -> None:
    first, second = (list(itertools.islice(chats(random.Random(7)), 50)) for _ in range(2))
    assert first == second


def test_no_generated_chat_is_near_a_held_out_prompt() -> None:
    held = held_out()
    for chat in itertools.islice(chats(random.Random(8)), 300):
        users = [turn.user.split("\n\n")[-1] for turn in chat]
        assert held.nearest(users)[0] < LIMIT


def test_a_prompt_is_near_itself_its_dressed_form_and_what_contains_it() -> None:
    held = Shape("Which month follows September?")
    for text in ("which month follows september", "Hey, which month follows September, please?"):
        assert similarity(held, Shape(text)) >= LIMIT
    assert similarity(held, Shape("Which month comes after May?")) < LIMIT


def test_held_out_names_and_sums_are_forbidden_in_any_phrasing() -> None:
    held = held_out()
    assert held.forbids(["I know a person whom we call Zelda"], [])
    assert held.forbids(["a quite different sentence"], ["47*23"])
    assert not held.forbids(["a quite different sentence"], ["47*24"])


def test_a_sum_hands_the_calculator_what_it_then_says() -> None:
    rng = random.Random(9)
    for _ in range(300):
        turn = arithmetic(rng)
        (_, expression), (_, forced), (_, answer) = turn.parts
        assert calculate(expression) in (forced, f"{forced}.0")
        assert forced.removesuffix(".0")[:3] in answer


def test_stories_end_and_do_not_loop() -> None:
    rng = random.Random(10)
    for _ in range(200):
        turn = story(rng)
        assert not is_looping(turn.answer) and turn.answer.endswith(".")
