"""What POST /generate sends, over a real socket, from an engine whose steps the test writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from nanochat_engine.errors import InternalError
from nanochat_engine.request import ChoiceDelta, ChoiceResume, RequestDone
from tests.api.scripted_engine import Served

HI: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}]}


def lines(text: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in text:
        yield json.loads(line)


def test_headers_and_the_prompts_length_arrive_before_the_first_token(served: Served) -> None:
    with served.http.stream("POST", "/generate", json={**HI, "request_id": "r:1"}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/x-ndjson"
        request = served.engine.request()
        assert answer.headers["x-prompt-tokens"] == str(len(request.prompt_ids))
        assert answer.headers["x-request-id"] == "r:1"
        served.engine.done(request)
        assert len(list(answer.iter_lines())) == 1


def test_each_step_is_one_line_with_all_choices_of_the_request(served: Served) -> None:
    with served.http.stream("POST", "/generate", json={**HI, "n": 2}) as answer:
        received = lines(answer.iter_lines())
        request = served.engine.request()
        served.engine.step(request, "é", "b")
        assert next(received) == {
            "choices": [
                {"index": 0, "token_ids": [65], "text": "é", "text_offset": 1, "finish_reason": None},
                {"index": 1, "token_ids": [66], "text": "b", "text_offset": 1, "finish_reason": None},
            ]
        }
        served.engine.step(request, "c", finish="stop")
        assert next(received)["choices"][0]["finish_reason"] == "stop"
        served.engine.publish([RequestDone(request.request_id, 9, 2, 4)])
        assert next(received) == {"usage": {"prompt_tokens": 9, "completion_tokens": 2, "cached_tokens": 4}}
        assert next(received, None) is None


def test_steps_of_several_requests_go_to_their_own_streams(served: Served) -> None:
    with (
        served.http.stream("POST", "/generate", json={**HI, "request_id": "a"}) as first,
        served.http.stream("POST", "/generate", json={**HI, "request_id": "b"}) as second,
    ):
        a, b = served.engine.request(0), served.engine.request(1)
        served.engine.publish([*served.engine.deltas(a, "A"), *served.engine.deltas(b, "B")])
        served.engine.done(a)
        served.engine.done(b)
        assert [line["choices"][0]["text"] for line in lines(first.iter_lines()) if "choices" in line] == ["A"]
        assert [line["choices"][0]["text"] for line in lines(second.iter_lines()) if "choices" in line] == ["B"]


def test_a_failure_after_the_headers_is_the_last_line(served: Served) -> None:
    with served.http.stream("POST", "/generate", json=HI) as answer:
        request = served.engine.request()
        served.engine.step(request, "x")
        served.engine.fail(request, InternalError("It broke."))
        last = list(lines(answer.iter_lines()))[-1]
    assert last == {"error": {"message": "It broke.", "type": "server_error", "param": None, "code": "internal_error"}}


def test_text_of_line_separators_stays_on_one_line(served: Served) -> None:
    with served.http.stream("POST", "/generate", json=HI) as answer:
        request = served.engine.request()
        served.engine.publish([ChoiceDelta(request.request_id, 0, (1,), "a\n\r\x85b", 5, None)])
        served.engine.done(request)
        body = answer.read()
    assert json.loads(body.split(b"\n")[0])["choices"][0]["text"] == "a\n\r\x85b"


def test_absent_and_null_fields_take_the_documented_defaults(served: Served) -> None:
    body = {**HI, "sampling": {"temperature": None, "stop": None}, "n": None, "calculator": None, "resume": None}
    with served.http.stream("POST", "/generate", json=body):
        request = served.engine.request()
        params = request.params
    assert (params.temperature, params.top_k, params.top_p, params.max_tokens) == (0.7, 50, 1.0, None)
    assert (params.stop, params.ignore_eos, request.n, request.calculator) == ((), False, 1, True)
    assert (params.min_p, params.presence_penalty, params.frequency_penalty, params.repetition_penalty) == (0, 0, 0, 1)
    assert (params.logit_bias, params.min_tokens, params.stop_token_ids, params.logprobs) == ((), 0, set(), None)
    assert (request.prompt_logprobs, request.cache_salt) == (None, None)
    assert request.resume == {}
    assert 0 <= params.seed < 2**63


def test_every_field_reaches_the_engine(served: Served) -> None:
    sampling = {
        "temperature": 0,
        "top_k": -1,
        "top_p": 0.5,
        "seed": 2**63 - 1,
        "max_tokens": 7,
        "stop": ["END"],
        "ignore_eos": True,
        "min_p": 0.1,
        "presence_penalty": -2,
        "frequency_penalty": 1.5,
        "repetition_penalty": 1.1,
        "logit_bias": {"5": -100, "330": 2.5},
        "min_tokens": 7,
        "stop_token_ids": [5, 6, 5],
        "logprobs": 0,
    }
    resume = {"choices": [{"index": 1, "token_ids": [3, 4], "text_offset": 2}]}
    body = {"prompt_token_ids": [5, 6], "sampling": sampling, "n": 2, "calculator": False, "resume": resume}
    body |= {"prompt_logprobs": 3, "cache_salt": "alice"}
    with served.http.stream("POST", "/generate", json=body):
        request = served.engine.request()
    params = request.params
    assert request.prompt_ids == (5, 6)
    assert (params.temperature, params.top_k, params.top_p, params.seed) == (0, 0, 0.5, 2**63 - 1)
    assert (params.max_tokens, params.stop, params.ignore_eos) == (7, ("END",), True)
    assert (params.min_p, params.presence_penalty, params.frequency_penalty) == (0.1, -2, 1.5)
    assert (params.repetition_penalty, params.logit_bias) == (1.1, ((5, -100), (330, 2.5)))
    assert (params.min_tokens, params.stop_token_ids, params.logprobs) == (7, {5, 6}, 0)
    assert (request.n, request.calculator, request.cache_salt) == (2, False, "alice")
    # What is resumed has told its prompt already.
    assert request.prompt_logprobs is None
    assert request.resume == {1: ChoiceResume((3, 4), 2)}


def test_two_requests_without_a_seed_get_different_ones(served: Served) -> None:
    for number in range(2):
        with served.http.stream("POST", "/generate", json=HI):
            served.engine.request(number)
    first, second = served.engine.submitted
    assert first.params.seed != second.params.seed
    assert first.request_id != second.request_id


def test_a_raw_prompt_starts_with_bos(served: Served) -> None:
    with served.http.stream("POST", "/generate", json={"prompt": "hi"}):
        request = served.engine.request()
    assert request.prompt_ids == (served.engine.tokenizer.bos_id, *served.engine.tokenizer.encode("hi"))


def test_text_parts_are_one_text(served: Served) -> None:
    parts = {"messages": [{"role": "user", "content": [{"type": "text", "text": "h"}, {"type": "text", "text": "i"}]}]}
    for number, body in enumerate((parts, HI)):
        with served.http.stream("POST", "/generate", json=body):
            served.engine.request(number)
    first, second = served.engine.submitted
    assert first.prompt_ids == second.prompt_ids


def test_one_connection_serves_one_request_after_another(served: Served) -> None:
    with served.connect() as connection, connection.makefile("rb") as answers:
        for number in range(2):
            body = json.dumps(HI).encode()
            head = f"POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
            served.engine.done(served.engine.request(number))
            while answers.readline() != b"0\r\n":
                pass
            assert answers.readline() == b"\r\n"


def test_a_client_that_reads_late_loses_nothing_and_holds_up_nobody(served: Served) -> None:
    with (
        served.http.stream("POST", "/generate", json={**HI, "request_id": "late"}) as late,
        served.http.stream("POST", "/generate", json={**HI, "request_id": "prompt"}) as prompt,
    ):
        slow, fast = served.engine.request(0), served.engine.request(1)
        received = lines(prompt.iter_lines())
        # Far more than the sockets between the two hold.
        for number in range(200):
            text = str(number).ljust(100_000)
            served.engine.publish([*served.engine.deltas(slow, text), *served.engine.deltas(fast, str(number))])
            assert next(received)["choices"][0]["text"] == str(number)
        served.engine.done(slow)
        *steps, last = lines(late.iter_lines())
    assert [int(step["choices"][0]["text"]) for step in steps] == list(range(200))
    assert "usage" in last


def test_a_client_of_http_1_0_gets_the_lines_without_chunks(served: Served) -> None:
    body = json.dumps(HI)
    with served.connect() as connection, connection.makefile("rb") as answer:
        connection.sendall(
            f"POST /generate HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        request = served.engine.request()
        served.engine.step(request, "a")
        served.engine.step(request, "b")
        served.engine.done(request)
        _, _, raw = answer.read().partition(b"\r\n\r\n")
    *steps, _ = lines(iter(raw.decode().splitlines()))
    assert [step["choices"][0]["text"] for step in steps] == ["a", "b"]
