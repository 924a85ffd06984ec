"""Every refusal of POST /generate is a plain HTTP error in OpenAI's form, and nothing has been submitted by then."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nanochat_engine.errors import InternalError, InvalidRequest, QueueFull, Unavailable
from tests.api.scripted_engine import Served, serving

USER = {"role": "user", "content": "hi"}
HI: dict[str, Any] = {"messages": [USER]}
CHOICE = {"index": 0, "token_ids": [], "text_offset": 0}


def refusal(served: Served, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = served.http.post("/generate", json=body)
    assert served.engine.submitted == []
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, None),
        ({**HI, "prompt": "hi"}, None),
        ({"prompt": "hi", "prompt_token_ids": [1]}, None),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "tool", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [USER, {"role": "user"}]}, "messages[1].content"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "text": "x"}]}]},
            "messages[0].content[0].type",
        ),
        ({"messages": [{"role": "assistant", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [USER, {"role": "system", "content": "x"}, USER]}, "messages[1].role"),
        ({"prompt": 3}, "prompt"),
        ({"prompt_token_ids": []}, "prompt_token_ids"),
        ({"prompt_token_ids": [1, -1]}, "prompt_token_ids[1]"),
        ({"prompt_token_ids": [331]}, "prompt_token_ids"),
        ({"prompt_token_ids": [True]}, "prompt_token_ids[0]"),
        ({"prompt_token_ids": [1.0]}, "prompt_token_ids[0]"),
        ({"prompt_token_ids": [10**30]}, "prompt_token_ids[0]"),
        ({**HI, "request_id": ""}, "request_id"),
        ({**HI, "request_id": "a" * 129}, "request_id"),
        ({**HI, "request_id": "a b"}, "request_id"),
        ({**HI, "request_id": "a\n"}, "request_id"),
        ({**HI, "cache_salt": ""}, "cache_salt"),
        ({**HI, "cache_salt": "a" * 257}, "cache_salt"),
        ({**HI, "cache_salt": 1}, "cache_salt"),
        ({**HI, "n": 0}, "n"),
        ({**HI, "n": 9}, "n"),
        ({**HI, "n": True}, "n"),
        ({**HI, "n": "1"}, "n"),
        ({**HI, "calculator": 1}, "calculator"),
        ({**HI, "constraint": {}}, "constraint"),
        ({**HI, "constraint": {"regex": "a", "lark": "b"}}, "constraint"),
        ({**HI, "constraint": {"regex": ""}}, "constraint.regex"),
        ({**HI, "constraint": {"json_object": False}}, "constraint.json_object"),
        ({**HI, "constraint": {"choice": [1]}}, "constraint.choice[0]"),
        ({**HI, "constraint": {"json_object": True}, "sampling": {"ignore_eos": True}}, "sampling.ignore_eos"),
        ({**HI, "sampling": []}, "sampling"),
        ({**HI, "sampling": {"temperature": -0.1}}, "sampling.temperature"),
        ({**HI, "sampling": {"temperature": 2.1}}, "sampling.temperature"),
        ({**HI, "sampling": {"temperature": "0.5"}}, "sampling.temperature"),
        ({**HI, "sampling": {"temperature": True}}, "sampling.temperature"),
        ({**HI, "sampling": {"top_k": -2}}, "sampling.top_k"),
        ({**HI, "sampling": {"top_k": 201}}, "sampling.top_k"),
        ({**HI, "sampling": {"top_k": 5.0}}, "sampling.top_k"),
        ({**HI, "sampling": {"top_p": 0}}, "sampling.top_p"),
        ({**HI, "sampling": {"top_p": 1.1}}, "sampling.top_p"),
        ({**HI, "sampling": {"seed": -1}}, "sampling.seed"),
        ({**HI, "sampling": {"seed": 2**63}}, "sampling.seed"),
        ({**HI, "sampling": {"max_tokens": 0}}, "sampling.max_tokens"),
        ({**HI, "sampling": {"max_tokens": 4097}}, "sampling.max_tokens"),
        ({**HI, "sampling": {"stop": "x"}}, "sampling.stop"),
        ({**HI, "sampling": {"stop": ["a", "b", "c", "d", "e"]}}, "sampling.stop"),
        ({**HI, "sampling": {"stop": [""]}}, "sampling.stop[0]"),
        ({**HI, "sampling": {"stop": ["x" * 65]}}, "sampling.stop[0]"),
        ({**HI, "sampling": {"ignore_eos": "yes"}}, "sampling.ignore_eos"),
        ({**HI, "sampling": {"min_p": 1.1}}, "sampling.min_p"),
        ({**HI, "sampling": {"min_p": True}}, "sampling.min_p"),
        ({**HI, "sampling": {"presence_penalty": 2.1}}, "sampling.presence_penalty"),
        ({**HI, "sampling": {"frequency_penalty": -2.1}}, "sampling.frequency_penalty"),
        ({**HI, "sampling": {"frequency_penalty": "1"}}, "sampling.frequency_penalty"),
        ({**HI, "sampling": {"repetition_penalty": 0}}, "sampling.repetition_penalty"),
        ({**HI, "sampling": {"repetition_penalty": 2.1}}, "sampling.repetition_penalty"),
        ({**HI, "sampling": {"logit_bias": [[1, 2]]}}, "sampling.logit_bias"),
        ({**HI, "sampling": {"logit_bias": {"1": 101}}}, "sampling.logit_bias.1"),
        ({**HI, "sampling": {"logit_bias": {"1": 10**400}}}, "sampling.logit_bias.1"),
        ({**HI, "sampling": {"logit_bias": {"1": "5"}}}, "sampling.logit_bias.1"),
        ({**HI, "sampling": {"logit_bias": {"1": 5, "01": 6}}}, "sampling.logit_bias.01"),
        ({**HI, "sampling": {"logit_bias": {"-1": 5}}}, "sampling.logit_bias.-1"),
        ({**HI, "sampling": {"logit_bias": {"9" * 20: 5}}}, "sampling.logit_bias." + "9" * 20),
        ({**HI, "sampling": {"logit_bias": {"331": 5}}}, "sampling.logit_bias"),
        ({**HI, "sampling": {"logit_bias": {str(i): 1 for i in range(301)}}}, "sampling.logit_bias"),
        ({**HI, "sampling": {"min_tokens": -1}}, "sampling.min_tokens"),
        ({**HI, "sampling": {"min_tokens": 8, "max_tokens": 7}}, "sampling.min_tokens"),
        ({**HI, "sampling": {"min_tokens": 4097}}, "sampling.min_tokens"),
        ({**HI, "sampling": {"stop_token_ids": 5}}, "sampling.stop_token_ids"),
        ({**HI, "sampling": {"stop_token_ids": [-1]}}, "sampling.stop_token_ids[0]"),
        ({**HI, "sampling": {"stop_token_ids": [331]}}, "sampling.stop_token_ids"),
        ({**HI, "sampling": {"stop_token_ids": [1] * 65}}, "sampling.stop_token_ids"),
        ({**HI, "sampling": {"logprobs": 21}}, "sampling.logprobs"),
        ({**HI, "sampling": {"logprobs": True}}, "sampling.logprobs"),
        ({**HI, "prompt_logprobs": 21}, "prompt_logprobs"),
        ({**HI, "prompt_logprobs": -1}, "prompt_logprobs"),
        ({**HI, "echo": 1}, "echo"),
        ({**HI, "echo": False, "sampling": {"max_tokens": 0}}, "sampling.max_tokens"),
        ({**HI, "n": 3, "sampling": {"max_tokens": 4096}}, None),
        ({**HI, "resume": {"choices": []}}, "resume.choices"),
        ({**HI, "resume": {"choices": [{"index": 0}]}}, "resume.choices[0].token_ids"),
        ({**HI, "resume": {"choices": [{**CHOICE, "index": 1}]}}, None),
        ({**HI, "resume": {"choices": [CHOICE, CHOICE]}, "n": 2}, None),
        ({**HI, "resume": {"choices": [{**CHOICE, "text_offset": -1}]}}, "resume.choices[0].text_offset"),
        ({**HI, "resume": {"choices": [{**CHOICE, "token_ids": [999]}]}}, "resume.choices[0].token_ids"),
    ],
)
def test_a_field_out_of_bounds_is_400_and_named(served: Served, body: dict[str, Any], param: str | None) -> None:
    status, error = refusal(served, body)
    assert (status, error["type"], error["code"]) == (400, "invalid_request_error", "invalid_value")
    assert error["param"] == param


def test_an_unknown_field_is_400_and_named(served: Served) -> None:
    status, error = refusal(served, {**HI, "sampling": {"top_q": 1}})
    assert (status, error["param"], error["code"]) == (400, "sampling.top_q", "unsupported_parameter")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"hi"',
        b"null",
        b'{"prompt": "\xff"}',
        b'{"prompt": "\\ud800"}',
        b'{"prompt": "a\n"}',
        b'{"prompt": "hi", "sampling": {"temperature": NaN}}',
        b'{"prompt": "hi", "sampling": {"temperature": Infinity}}',
        b'{"prompt": "hi", "sampling": {"temperature": 1e999}}',
        b'{"prompt_token_ids": [' + b"9" * 10_000 + b"]}",
        b'{"prompt":' + b"[" * 200_000,
        b'{"a":' * 100_000,
        b"{" + b",".join(b'"%06d":1' % number for number in range(80_000)) + b"}",
    ],
)
def test_a_body_that_is_no_proper_json_object_is_400(served: Served, raw: bytes) -> None:
    answer = served.http.post("/generate", content=raw, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert served.engine.submitted == []


def test_a_refusal_never_repeats_the_prompt(served: Served) -> None:
    for body in ({"prompt": "secret words", "n": 0}, {"prompt": ["secret words"]}, {"messages": "secret words"}):
        assert "secret" not in json.dumps(refusal(served, body))


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_another_content_type_is_415(served: Served, content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type is not None else {}
    answer = served.http.post("/generate", content=json.dumps(HI), headers=headers)
    assert answer.status_code == 415
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_compressed_body_is_415(served: Served) -> None:
    assert served.http.post("/generate", json=HI, headers={"content-encoding": "gzip"}).status_code == 415


def test_limits_of_messages_and_characters_come_before_the_tokenizer() -> None:
    with serving(max_messages=3, max_message_chars=10, max_total_chars=15) as served:
        served.engine.loaded = None
        many = [USER, {"role": "assistant", "content": "x"}] * 2
        for body, param in (
            ({"messages": many}, "messages"),
            ({"messages": [USER, {"role": "assistant", "content": "x" * 11}, USER]}, "messages[1].content"),
            ({"messages": [{"role": "user", "content": "x" * 8}] * 2}, "messages"),
            ({"prompt": "x" * 16}, "prompt"),
        ):
            status, error = refusal(served, body)
            assert (status, error["param"], error["code"]) == (400, param, "invalid_value")


@pytest.mark.parametrize(
    ("error", "status", "kind", "retry_after"),
    [
        (
            InvalidRequest("too long", code="context_length_exceeded", param="messages"),
            400,
            "invalid_request_error",
            None,
        ),
        (QueueFull("full"), 429, "rate_limit_error", "1"),
        (Unavailable("going", code="shutting_down"), 503, "server_error", "2"),
        (InternalError("broken"), 500, "server_error", None),
    ],
)
def test_what_the_engine_refuses_is_a_plain_http_error(
    served: Served, error: Any, status: int, kind: str, retry_after: str | None
) -> None:
    served.engine.refusal = error
    answer = served.http.post("/generate", json=HI)
    assert answer.status_code == status
    assert answer.json() == {
        "error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}
    }
    assert answer.headers.get("retry-after") == retry_after


def test_before_the_model_is_loaded_it_is_503(served: Served) -> None:
    served.engine.loaded = None
    status, error = refusal(served, HI)
    assert (status, error["code"]) == (503, "model_loading")


def test_a_name_that_is_running_is_400_and_free_again_afterwards(served: Served) -> None:
    body = {**HI, "request_id": "same"}
    with served.http.stream("POST", "/generate", json=body) as first:
        request = served.engine.request()
        second = served.http.post("/generate", json=body)
        assert (second.status_code, second.json()["error"]["param"]) == (400, "request_id")
        served.engine.done(request)
        first.read()
    with served.http.stream("POST", "/generate", json=body) as third:
        assert third.status_code == 200


def test_a_fault_of_ours_is_500_tells_nothing_and_is_logged_with_its_stack(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    served.engine.refusal = RuntimeError("a secret of the inside")  # type: ignore[assignment]
    answer = served.http.post("/generate", json=HI)
    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"
    assert "secret" not in answer.text
    assert ["secret" in record.exc_text for record in caplog.records if record.exc_text] == [True]
