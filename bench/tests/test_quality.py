"""What counts as the model's own words, and how ways of keeping weights are compared."""

from __future__ import annotations

import json

import pytest

from bench.parts.quality import CHATS, compared
from bench.workers.quality import rendered
from tests.golden import golden_tokenizer


def test_only_what_the_model_says_itself_counts_as_its_own() -> None:
    tokenizer = golden_tokenizer()
    chat = [
        ("user", "2+3?"),
        ("python", "2+3"),
        ("output", "5"),
        ("text", "It is 5."),
        ("user", "ok"),
        ("text", "Yes."),
    ]
    ids, own = rendered(tokenizer, chat)
    said = [token for token, owned in zip(ids, own, strict=True) if owned]
    python = [tokenizer.python_start_id, *tokenizer.encode("2+3"), tokenizer.python_end_id]
    end = tokenizer.assistant_end_id
    assert said == [*python, *tokenizer.encode("It is 5."), end, *tokenizer.encode("Yes."), end]
    assert ids[0] == tokenizer.bos_id
    assert ids.count(tokenizer.output_start_id) == 1
    assert ids.count(tokenizer.assistant_start_id) == 2


def test_a_chat_that_ends_with_a_question_is_the_prompt_for_its_answer() -> None:
    tokenizer = golden_tokenizer()
    ids, own = rendered(tokenizer, [("user", "Hi")])
    assert ids[-1] == tokenizer.assistant_start_id
    assert not any(own)


def test_shares_and_changes_are_to_bfloat16() -> None:
    def way(perplexity: float, predicted: list[int], answers: list[list[int]]) -> dict[str, object]:
        return {"perplexity": 10.0, "answer_perplexity": perplexity, "predicted": predicted, "answers": answers}

    told = {"bfloat16": way(2.0, [1, 2, 3, 4], [[1], [2, 3]]), "int8": way(2.1, [1, 2, 3, 5], [[1], [2, 4]])}
    found = compared(told)
    assert found["int8"]["answer_perplexity_change"] == pytest.approx(0.05)
    assert (found["int8"]["same_token_share"], found["int8"]["same_answer_share"]) == (0.75, 0.5)
    assert (found["bfloat16"]["same_token_share"], found["bfloat16"]["answer_perplexity_change"]) == (1.0, 0.0)


def test_the_fixed_chats_are_questions_with_answers() -> None:
    chats = json.loads(CHATS.read_text("utf-8"))
    assert len(chats) == 1000
    for chat in chats:
        assert chat[0][0] == "user"
        assert chat[-1][0] == "text"
        assert {kind for kind, _ in chat} <= {"user", "text", "python", "output"}
