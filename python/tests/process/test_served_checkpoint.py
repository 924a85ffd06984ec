"""The whole engine over HTTP on a golden checkpoint: answers repeat, resume exactly, and a client that leaves frees its place."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from tests.process.engine_child import DEADLINE, EngineChild

SAMPLING = {"max_tokens": 40, "seed": 7, "temperature": 1.0, "ignore_eos": True}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineChild]:
    with EngineChild() as child:
        child.wait_until("ready")
        yield child


@pytest.fixture(scope="module")
def http(engine: EngineChild) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=engine.url, timeout=DEADLINE, trust_env=False) as client:
        yield client


def generate(http: httpx.Client, **body: Any) -> tuple[list[int], str, dict[str, Any]]:
    """Ids and text of choice 0, and the last line."""
    answer = http.post("/generate", json=body)
    assert answer.status_code == 200, answer.text
    lines = [json.loads(line) for line in answer.text.split("\n")[:-1]]
    deltas = [choice for line in lines[:-1] for choice in line["choices"] if choice["index"] == 0]
    ids = [token for delta in deltas for token in delta["token_ids"]]
    text = "".join(delta["text"] for delta in deltas)
    assert deltas[-1]["finish_reason"] is not None
    return ids, text, lines[-1]


def test_the_same_seed_gives_the_same_answer(http: httpx.Client) -> None:
    first = generate(http, prompt="hi", sampling=SAMPLING)
    assert first == generate(http, prompt="hi", sampling=SAMPLING)
    assert first != generate(http, prompt="hi", sampling={**SAMPLING, "seed": 8})
    assert first[2]["usage"]["completion_tokens"] == 40


def test_an_answer_goes_on_from_any_token_as_if_it_had_not_stopped(http: httpx.Client) -> None:
    ids, text, end = generate(http, prompt="hi", sampling=SAMPLING)
    for cut in (0, 1, 17, 39):
        resume = {"choices": [{"index": 0, "token_ids": ids[:cut], "text_offset": 0}]}
        more_ids, all_text, more_end = generate(http, prompt="hi", sampling=SAMPLING, resume=resume)
        assert ids[:cut] + more_ids == ids
        assert all_text == text
        assert more_end == end


def test_openais_sdk_gets_the_same_text_whole_and_in_pieces(engine: EngineChild) -> None:
    with openai.OpenAI(base_url=f"{engine.url}/v1", api_key="none", max_retries=0, timeout=DEADLINE) as sdk:
        asked: Any = {"model": "nanochat", "messages": [{"role": "user", "content": "hi"}], "seed": 3, "max_tokens": 30}
        whole = sdk.chat.completions.create(**asked)
        pieces = sdk.chat.completions.create(**asked, stream=True)
        text = "".join(piece.choices[0].delta.content or "" for piece in pieces)
    assert whole.choices[0].message.content == text


def test_a_prompt_beyond_the_context_is_refused_with_openais_code(http: httpx.Client) -> None:
    answer = http.post("/generate", json={"prompt_token_ids": [1] * 5000})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "context_length_exceeded"


def test_a_client_that_leaves_frees_its_blocks(http: httpx.Client) -> None:
    before = http.get("/health").json()
    sampling = {**SAMPLING, "max_tokens": 200}
    with http.stream("POST", "/generate", json={"prompt": "hi", "n": 4, "sampling": sampling}) as answer:
        next(answer.iter_lines())
    end = time.monotonic() + DEADLINE
    while (after := http.get("/health").json())["aborted"] == before["aborted"]:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert (after["running"], after["waiting"]) == (0, 0)
    assert after["abort_steps_max"] <= 1


def test_more_than_fits_is_429_and_what_was_accepted_is_answered(http: httpx.Client) -> None:
    limits = http.get("/health").json()
    room = limits["max_running"] + limits["max_waiting"]
    sampling = {**SAMPLING, "max_tokens": 100}
    body = {"prompt": "hi", "n": 4, "sampling": sampling}
    open_answers: list[Any] = []
    refused = None
    while refused is None and len(open_answers) <= room:
        exchange = http.stream("POST", "/generate", json=body)
        answer = exchange.__enter__()
        if answer.status_code == 200:
            open_answers.append((exchange, answer))
        else:
            answer.read()
            refused = answer
            exchange.__exit__(None, None, None)
    assert refused is not None
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "queue_full")
    assert refused.headers["retry-after"] == "1"
    for exchange, answer in open_answers:
        assert "usage" in json.loads(answer.read().splitlines()[-1])
        exchange.__exit__(None, None, None)
