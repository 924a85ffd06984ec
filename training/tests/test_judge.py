"""The judge fails what does not answer, and passes what does."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from training.eval.judge import is_echo, is_looping, judge

PROMPTS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "eval" / "prompts.json").read_text(encoding="utf-8")
)


def verdict(prompt_id: str, answer: str, finish: str = "stop") -> tuple[str, ...]:
    prompt = next(p for p in PROMPTS if p["id"] == prompt_id)
    return judge(answer, prompt["turns"][-1], finish, prompt["rules"]).broken


def test_there_are_at_least_60_prompts_over_at_least_8_skills() -> None:
    skills = Counter(p["skill"] for p in PROMPTS)
    assert sum(skills.values()) >= 60 and len(skills) >= 8
    assert len({p["id"] for p in PROMPTS}) == len(PROMPTS)


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda p: p["id"])
def test_no_prompt_passes_an_empty_an_echoing_or_an_idle_answer(prompt: dict[str, Any]) -> None:
    last = prompt["turns"][-1]
    for answer in ("", " ...", last, last.upper(), "Yes.", "The answer is here.", "banana " * 5):
        assert judge(answer, last, "stop", prompt["rules"]).broken, answer


def test_a_right_answer_passes() -> None:
    assert verdict("facts-01", "The capital of Norway is Oslo.") == ()
    assert verdict("calculator-02", "815 plus 367 is 1182.") == ()
    assert verdict("calculator-10", "864 / 36 = 24.0") == ()
    assert verdict("name-recall-01", "Your name is Zelda.") == ()
    assert verdict("unknown-02", "I do not know what you had for breakfast.") == ()


def test_a_wrong_answer_fails_by_its_own_rule() -> None:
    assert verdict("facts-01", "The capital of Norway is Stockholm.") == ("any",)
    assert verdict("calculator-02", "815 plus 367 is 1183.") == ("number",)
    assert verdict("calculator-02", "It is 1182 or 1183.") == ("other-number",)
    assert verdict("unknown-01", "The red team will win.") == ("any",)


def test_an_answer_that_does_not_stop_or_runs_on_fails() -> None:
    assert "not-stopped" in verdict("facts-01", "The capital of Norway is Oslo.", "length")
    assert "over-long" in verdict("facts-01", "Oslo. " + " ".join(f"word{i}" for i in range(60)))


def test_loops_are_seen() -> None:
    assert is_looping("the the the the cat")
    assert is_looping("I like tea. You like milk. I like tea.")
    assert is_looping("a b c d x a b c d y a b c d")
    assert not is_looping("A fox ran home. The fox slept well. In the morning the fox was glad.")


def test_an_echo_is_an_answer_without_a_word_of_its_own() -> None:
    assert is_echo("What is my name", "what is my name?")
    assert not is_echo("The opposite of hot is cold.", "What is the opposite of hot?")
