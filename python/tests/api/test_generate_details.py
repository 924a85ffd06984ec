"""The members of /generate's lines that are there only when asked for or when something happened."""

from __future__ import annotations

import json
from typing import Any

from nanochat_engine.errors import InternalError
from nanochat_engine.request import Calculation, ChoiceDelta, PromptLogprobs, RequestDone, TokenLogprob
from tests.api.scripted_engine import Served

PROMPT: dict[str, Any] = {"prompt": "hi"}


def answer(served: Served, body: dict[str, Any], *events: Any) -> list[dict[str, Any]]:
    """The lines of an answer whose engine publishes each of `events`, made from the request's id, as a step."""
    with served.http.stream("POST", "/generate", json=body) as response:
        assert response.status_code == 200
        request = served.engine.request()
        for event in events:
            served.engine.publish([event(request.request_id)])
        served.engine.done(request)
        return [json.loads(line) for line in response.iter_lines()]


def test_logprobs_are_an_entry_for_each_token_with_bytes_and_names(served: Served) -> None:
    end = served.engine.tokenizer.assistant_end_id
    token = next(t for t in range(256) if served.engine.tokenizer.token_bytes(t) == b"\xc3")
    entries = (TokenLogprob(-0.5, (token, end), (-0.5, -1.25)), TokenLogprob(-1e-05, (), ()))
    lines = answer(served, PROMPT, lambda name: ChoiceDelta(name, 0, (token, end), "", 0, "stop", entries))
    assert lines[0]["choices"][0]["logprobs"] == [
        {
            "id": token,
            "bytes": [0xC3],
            "logprob": -0.5,
            "top": [
                {"id": token, "bytes": [0xC3], "logprob": -0.5},
                {"id": end, "bytes": list(b"<|assistant_end|>"), "logprob": -1.25},
            ],
        },
        {"id": end, "bytes": list(b"<|assistant_end|>"), "logprob": -1e-05, "top": []},
    ]


def test_calculations_are_expression_and_result(served: Served) -> None:
    lines = answer(
        served,
        PROMPT,
        lambda name: ChoiceDelta(name, 0, (5,), "", 0, None, calculations=(Calculation("'\"'.count('a')", "0"),)),
        lambda name: ChoiceDelta(name, 0, (6,), "", 0, "stop"),
    )
    assert lines[0]["choices"][0]["calculations"] == [{"expression": "'\"'.count('a')", "result": "0"}]
    assert set(lines[1]["choices"][0]) == {"index", "token_ids", "text", "text_offset", "finish_reason"}


def test_a_choice_that_a_stop_string_ended_names_it(served: Served) -> None:
    lines = answer(served, PROMPT, lambda name: ChoiceDelta(name, 0, (5,), "", 0, "stop", stop='"\n'))
    assert lines[0]["choices"][0]["stop"] == '"\n'


def test_an_echo_is_the_first_line_and_comes_without_waiting_for_the_engine(served: Served) -> None:
    with served.http.stream("POST", "/generate", json={"prompt": "hé\n", "echo": True, "n": 2}) as response:
        lines = response.iter_lines()
        request = served.engine.request()
        ids = served.engine.tokenizer.encode("hé\n")
        assert json.loads(next(lines)) == {
            "prompt": {"token_ids": [served.engine.tokenizer.bos_id, *ids], "text": "hé\n", "logprobs": None}
        }
        served.engine.step(request, "a", "b")
        assert len(json.loads(next(lines))["choices"]) == 2
        served.engine.done(request)


def test_prompt_logprobs_come_in_a_line_before_the_first_step(served: Served) -> None:
    body = {"prompt_token_ids": [5, 6, 7], "prompt_logprobs": 1, "sampling": {"max_tokens": 0}}
    spell = served.engine.tokenizer.spelling
    entries = (TokenLogprob(-2.0, (9,), (-0.25,)), TokenLogprob(-3.0, (7,), (-3.0,)))
    lines = answer(
        served,
        body,
        lambda name: PromptLogprobs(name, entries),
        lambda name: ChoiceDelta(name, 0, (), "", 0, "length"),
    )
    assert lines[0]["prompt"]["token_ids"] == [5, 6, 7]
    first, second, third = lines[0]["prompt"]["logprobs"]
    assert first == {"id": 5, "bytes": list(spell(5)), "logprob": None, "top": []}
    top = {"id": 9, "bytes": list(spell(9)), "logprob": -0.25}
    assert second == {"id": 6, "bytes": list(spell(6)), "logprob": -2.0, "top": [top]}
    assert third["id"] == 7
    assert lines[1]["choices"][0] == {
        "index": 0,
        "token_ids": [],
        "text": "",
        "text_offset": 0,
        "finish_reason": "length",
    }
    assert "usage" in lines[2]


def test_scores_and_steps_published_at_once_keep_their_order(served: Served) -> None:
    with served.http.stream("POST", "/generate", json={"prompt_token_ids": [5, 6], "prompt_logprobs": 0}) as response:
        request = served.engine.request()
        scored = PromptLogprobs(request.request_id, (TokenLogprob(-1.0, (), ()),))
        delta = ChoiceDelta(request.request_id, 0, (65,), "a", 1, "stop")
        served.engine.publish([scored, delta, RequestDone(request.request_id, 2, 1, 0)])
        lines = [json.loads(line) for line in response.iter_lines()]
    assert [next(iter(line)) for line in lines] == ["prompt", "choices", "usage"]


def test_a_request_that_fails_before_its_prompt_is_scored_tells_the_error_alone(served: Served) -> None:
    with served.http.stream("POST", "/generate", json={"prompt": "hi", "prompt_logprobs": 0}) as response:
        served.engine.fail(served.engine.request(), InternalError("It broke."))
        lines = [json.loads(line) for line in response.iter_lines()]
    assert [next(iter(line)) for line in lines] == ["error"]


def test_a_resumed_request_tells_its_prompt_no_second_time(served: Served) -> None:
    resume = {"choices": [{"index": 0, "token_ids": [], "text_offset": 0}]}
    lines = answer(
        served,
        {"prompt": "hi", "echo": True, "prompt_logprobs": 1, "resume": resume},
        lambda name: ChoiceDelta(name, 0, (65,), "a", 1, "stop"),
    )
    assert [next(iter(line)) for line in lines] == ["choices", "usage"]
