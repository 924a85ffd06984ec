"""OpenAI's own SDK against the thin routes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

import openai
import pytest

from nanochat_engine.errors import InternalError, QueueFull
from nanochat_engine.request import GenerateRequest
from tests.api.scripted_engine import DEADLINE, ScriptedEngine, Served

HI = [{"role": "user", "content": "hi"}]


@pytest.fixture
def sdk(served: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0, timeout=DEADLINE) as client:
        yield client


@pytest.fixture
def play(served: Served) -> Iterator[Callable[[Callable[[ScriptedEngine, GenerateRequest], None]], None]]:
    """Plays a script for the next request while the test waits for the answer."""
    threads: list[threading.Thread] = []

    def start(script: Callable[[ScriptedEngine, GenerateRequest], None]) -> None:
        thread = threading.Thread(target=lambda: script(served.engine, served.engine.request()))
        thread.start()
        threads.append(thread)

    yield start
    for thread in threads:
        thread.join(DEADLINE)


def two_words(engine: ScriptedEngine, request: GenerateRequest) -> None:
    engine.step(request, "Hel")
    engine.step(request, "", finish=None)
    engine.step(request, "lo", finish="stop")
    engine.done(request, completion_tokens=3)


def test_a_whole_chat_answer(served: Served, sdk: openai.OpenAI, play) -> None:  # type: ignore[no-untyped-def]
    play(two_words)
    answer = sdk.chat.completions.create(model="nanochat", messages=HI, temperature=0, stop="END", seed=-1)  # type: ignore[arg-type]
    assert answer.object == "chat.completion"
    assert answer.model == "nanochat"
    assert answer.choices[0].message.content == "Hello"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 3
    assert answer._request_id == answer.id
    params = served.engine.submitted[0].params
    assert (params.temperature, params.stop, params.seed) == (0, ("END",), 2**63 - 1)


def test_a_streamed_chat_answer_has_its_chunks_in_order(sdk: openai.OpenAI, play) -> None:  # type: ignore[no-untyped-def]
    play(two_words)
    chunks = list(
        sdk.chat.completions.create(  # type: ignore[call-overload]
            model="2026-03-14", messages=HI, stream=True, stream_options={"include_usage": True}
        )
    )
    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks}) == 1
    first, *middle, last, usage = chunks
    assert (first.choices[0].delta.role, first.choices[0].delta.content) == ("assistant", "")
    assert [(chunk.choices[0].delta.role, chunk.choices[0].delta.content) for chunk in middle] == [
        (None, "Hel"),
        (None, "lo"),
    ]
    assert all(chunk.choices[0].finish_reason is None for chunk in (first, *middle))
    assert (last.choices[0].delta.content, last.choices[0].finish_reason) == (None, "stop")
    assert usage.choices == []
    assert usage.usage.completion_tokens == 3
    assert all(chunk.usage is None and "usage" in chunk.model_fields_set for chunk in chunks[:-1])


def test_the_wire_of_a_stream_ends_with_done_and_has_no_usage_unless_asked(served: Served, play) -> None:  # type: ignore[no-untyped-def]
    play(two_words)
    answer = served.http.post("/chat/completions", json={"messages": HI, "stream": True})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    events = answer.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all("usage" not in json.loads(event.removeprefix("data: ")) for event in events[:-2])


def test_several_choices_are_kept_apart(sdk: openai.OpenAI, play) -> None:  # type: ignore[no-untyped-def]
    def script(engine: ScriptedEngine, request: GenerateRequest) -> None:
        engine.step(request, "a", "b")
        engine.step(request, "c", "d", finish="length")
        engine.done(request)

    play(script)
    answer = sdk.chat.completions.create(model="nanochat", messages=HI, n=2)  # type: ignore[arg-type]
    assert [choice.message.content for choice in answer.choices] == ["ac", "bd"]
    assert [choice.finish_reason for choice in answer.choices] == ["length", "length"]


def test_a_failure_in_mid_stream_raises_in_the_sdk(sdk: openai.OpenAI, play) -> None:  # type: ignore[no-untyped-def]
    def script(engine: ScriptedEngine, request: GenerateRequest) -> None:
        engine.step(request, "a")
        engine.fail(request, InternalError("It broke."))

    play(script)
    with pytest.raises(openai.APIError, match="It broke"):
        list(sdk.chat.completions.create(model="nanochat", messages=HI, stream=True))  # type: ignore[arg-type]


def test_a_failure_of_a_whole_answer_is_500(sdk: openai.OpenAI, play) -> None:  # type: ignore[no-untyped-def]
    play(lambda engine, request: engine.fail(request, InternalError("It broke.")))
    with pytest.raises(openai.InternalServerError, match="It broke"):
        sdk.chat.completions.create(model="nanochat", messages=HI)  # type: ignore[arg-type]


def test_a_raw_completion_whole_and_streamed(served: Served, sdk: openai.OpenAI, play) -> None:  # type: ignore[no-untyped-def]
    play(two_words)
    answer = sdk.completions.create(model="nanochat", prompt="hi")
    assert (answer.object, answer.choices[0].text, answer.choices[0].finish_reason) == (
        "text_completion",
        "Hello",
        "stop",
    )
    served.engine.reset()
    play(two_words)
    chunks = list(sdk.completions.create(model="nanochat", prompt=[5, 6], stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == "Hello"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert served.engine.submitted[0].prompt_ids == (5, 6)


def test_the_served_model_is_listed_under_its_own_name_and_nanochat(sdk: openai.OpenAI) -> None:
    assert [model.id for model in sdk.models.list()] == ["2026-03-14", "nanochat"]


def test_another_model_is_404(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        sdk.chat.completions.create(model="gpt-4o", messages=HI)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


def test_a_full_queue_is_the_sdks_rate_limit_error(served: Served, sdk: openai.OpenAI) -> None:
    served.engine.refusal = QueueFull("full")
    with pytest.raises(openai.RateLimitError) as caught:
        sdk.chat.completions.create(model="nanochat", messages=HI)  # type: ignore[arg-type]
    assert caught.value.code == "queue_full"
    assert caught.value.response.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"tools": []}, "tools"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_what_would_change_the_answer_and_is_not_supported_is_refused(
    sdk: openai.OpenAI, more: dict[str, object], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.chat.completions.create(model="nanochat", messages=HI, extra_body=more)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", param)


@pytest.mark.parametrize(
    "more",
    [
        {"stream_options": {"include_usage": True}},
        {"max_tokens": 1, "max_completion_tokens": 2},
        {"n": 8, "max_tokens": 2048},
        {"presence_penalty": 0.5},
        {"store": True},
    ],
)
def test_what_does_not_fit_together_is_400(sdk: openai.OpenAI, more: dict[str, object]) -> None:
    with pytest.raises(openai.BadRequestError):
        sdk.chat.completions.create(model="nanochat", messages=HI, extra_body=more)  # type: ignore[arg-type]
