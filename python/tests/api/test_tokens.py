"""POST /tokenize and /detokenize, over a real socket."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.scripted_engine import Served, serving

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


def post(served: Served, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = served.http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXT)
def test_a_text_comes_back_from_its_ids(served: Served, text: str) -> None:
    ids = post(served, "/tokenize", {"prompt": text})["token_ids"]
    assert ids[0] == served.engine.tokenizer.bos_id
    assert post(served, "/detokenize", {"token_ids": ids}) == {"text": text}


def test_the_ids_are_those_that_generate_takes(served: Served) -> None:
    for number, body in enumerate(
        ({"prompt": "hi <|bos|>"}, {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "h"}]})
    ):
        ids = post(served, "/tokenize", body)["token_ids"]
        with served.http.stream("POST", "/generate", json=body):
            assert list(served.engine.request(number).prompt_ids) == ids


def test_each_token_has_its_string_and_special_ones_their_name(served: Served) -> None:
    told = post(served, "/tokenize", {"messages": [{"role": "user", "content": "hé"}]})
    strings = told["token_strings"]
    assert len(strings) == len(told["token_ids"])
    assert strings[:2] == ["<|bos|>", "<|user_start|>"]
    assert strings[-1] == "<|assistant_start|>"


def test_an_unfinished_character_is_a_replacement(served: Served) -> None:
    tokenizer = served.engine.tokenizer
    by_bytes = {tokenizer.token_bytes(token): token for token in range(256)}
    ids = [by_bytes[b"a"], by_bytes[b"\xe2"], by_bytes[b"\x82"]]
    assert post(served, "/detokenize", {"token_ids": ids}) == {"text": "a\ufffd"}
    assert post(served, "/detokenize", {"token_ids": [*ids, by_bytes[b"\xac"]]}) == {"text": "a€"}


def test_special_tokens_have_no_text_and_no_ids_are_no_text(served: Served) -> None:
    assert post(served, "/detokenize", {"token_ids": [served.engine.tokenizer.assistant_end_id]}) == {"text": ""}
    assert post(served, "/detokenize", {"token_ids": []}) == {"text": ""}


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/tokenize", {}, None),
        ("/tokenize", {"prompt": "a", "messages": [{"role": "user", "content": "a"}]}, None),
        ("/tokenize", {"prompt": 3}, "prompt"),
        ("/tokenize", {"prompt": "x" * 40_001}, "prompt"),
        ("/tokenize", {"messages": [{"role": "assistant", "content": "a"}]}, "messages[0].role"),
        ("/detokenize", {}, "token_ids"),
        ("/detokenize", {"token_ids": [331]}, "token_ids"),
        ("/detokenize", {"token_ids": [-1]}, "token_ids[0]"),
        ("/detokenize", {"token_ids": ["1"]}, "token_ids[0]"),
        ("/detokenize", {"token_ids": [1] * 40_001}, "token_ids"),
    ],
)
def test_what_is_wrong_is_400_and_named(path: str, body: dict[str, Any], param: str | None) -> None:
    with serving(max_total_chars=40_000) as served:
        answer = served.http.post(path, json=body)
    assert answer.status_code == 400
    assert (answer.json()["error"]["param"], answer.json()["error"]["code"]) == (param, "invalid_value")


def test_both_need_a_loaded_model_and_the_token(served: Served) -> None:
    served.engine.loaded = None
    for path, body in (("/tokenize", {"prompt": "a"}), ("/detokenize", {"token_ids": [1]})):
        assert served.http.post(path, json=body).status_code == 503
    with serving(token="secret") as guarded:
        for path, body in (("/tokenize", {"prompt": "a"}), ("/detokenize", {"token_ids": [1]})):
            assert guarded.http.post(path, json=body).status_code == 401
