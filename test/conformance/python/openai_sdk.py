"""OpenAI's own SDK for Python, with strict validation of every answer and its helpers."""

from __future__ import annotations

import json
from typing import Any, Literal

import openai
from checks import FAKE_URL, REAL_URL, call_text, check, failing, script
from openai import OpenAI
from openai.types.responses import ResponseFailedEvent
from pydantic import BaseModel, Field


def client_of(url: str, *, strict: bool = True) -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, _strict_response_validation=strict)


real, fake = client_of(REAL_URL), client_of(FAKE_URL)
# The SDK's types of completions have no null as a first log-probability or as a chunk's finish reason, which the API itself has.
lenient, lenient_fake = client_of(REAL_URL, strict=False), client_of(FAKE_URL, strict=False)


def say(content: str, **more: Any) -> dict[str, Any]:
    return {"model": "nanochat", "messages": [{"role": "user", "content": content}], "max_tokens": 60, **more}


class Hotel(BaseModel):
    stars: int = Field(ge=1, le=5)
    name: str | None = Field(max_length=12)


class Trip(BaseModel):
    city: Literal["Paris", "Rome", "Oslo"]
    days: int = Field(ge=1, le=9)
    notes: list[Literal["sun", "rain"]] = Field(max_length=2)
    hotel: Hotel


class Weather(BaseModel):
    """Weather of a city."""

    city: Literal["Paris", "Rome"]


@check("a chat is answered, with usage")
def _() -> None:
    answer = real.chat.completions.create(**say("Hello!"))
    assert answer.choices[0].message.content
    assert answer.usage and answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


@check("a streamed chat gives the text of the same chat without a stream")
def _() -> None:
    body = say("Tell me a short story.", seed=5, temperature=1)
    chunks = list(real.chat.completions.create(**body, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == real.chat.completions.create(**body).choices[0].message.content
    assert chunks[-1].usage and chunks[-1].usage.completion_tokens > 3


@check("several choices come with one prompt's usage")
def _() -> None:
    answer = real.chat.completions.create(**say("Hello!", n=3, temperature=1))
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    alone = real.chat.completions.create(**say("Hello!"))
    assert answer.usage and alone.usage and answer.usage.prompt_tokens == alone.usage.prompt_tokens


@check("log-probabilities come for each token, in a stream too")
def _() -> None:
    body = say("Hello!", logprobs=True, top_logprobs=3, seed=1)
    logprobs = real.chat.completions.create(**body).choices[0].logprobs
    assert logprobs and logprobs.content
    assert all(one.logprob <= 0 and len(one.top_logprobs) == 3 for one in logprobs.content)
    with real.chat.completions.stream(**body) as stream:
        streamed = stream.get_final_completion().choices[0].logprobs
    assert streamed and streamed.content == logprobs.content


@check("the stream helper gives content events and a final completion")
def _() -> None:
    with real.chat.completions.stream(**say("Tell me a short story.", max_tokens=400)) as stream:
        heard = "".join(event.delta for event in stream if event.type == "content.delta")
        assert heard == stream.get_final_completion().choices[0].message.content


@check("parse gives what a pydantic model says")
def _() -> None:
    body = say("Plan a trip.", temperature=1, max_tokens=200)
    choice = real.chat.completions.parse(**body, response_format=Trip).choices[0]
    assert isinstance(choice.message.parsed, Trip), choice
    assert choice.finish_reason == "stop"


@check("a streamed answer parses by a pydantic model")
def _() -> None:
    body = say("Plan a trip.", temperature=1, max_tokens=200)
    with real.chat.completions.stream(**body, response_format=Trip) as stream:
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, Trip)


@check("json_object gives a JSON object")
def _() -> None:
    body = say("Give me JSON.", response_format={"type": "json_object"}, max_tokens=100)
    assert isinstance(json.loads(real.chat.completions.create(**body).choices[0].message.content or ""), dict)


@check("a named tool is called with arguments that parse by a pydantic model")
def _() -> None:
    tools = [openai.pydantic_function_tool(Weather)]
    body = say("Weather?", tools=tools, tool_choice={"type": "function", "function": {"name": "Weather"}})
    calls = real.chat.completions.parse(**body).choices[0].message.tool_calls
    assert calls and isinstance(calls[0].function.parsed_arguments, Weather)


@check("tool calls come in a stream with their events")
def _() -> None:
    tools = [openai.pydantic_function_tool(Weather)]
    with real.chat.completions.stream(**say("Weather?", tools=tools, tool_choice="required")) as stream:
        done = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
        final = stream.get_final_completion().choices[0]
    assert final.finish_reason == "tool_calls"
    assert final.message.tool_calls and len(done) == len(final.message.tool_calls)
    assert isinstance(done[0].parsed_arguments, Weather)


@check("a tool is called when the model likes, and its result is answered")
def _() -> None:
    script(reply=call_text("Weather", '{"city": "Rome"}'))
    body = say("Weather in Rome?", tools=[openai.pydantic_function_tool(Weather)])
    called = fake.chat.completions.create(**body).choices[0]
    assert called.finish_reason == "tool_calls" and called.message.tool_calls
    call: Any = called.message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"city": "Rome"}
    script(reply="Sunny it is.")
    body["messages"] += [called.message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    assert fake.chat.completions.create(**body).choices[0].message.content == "Sunny it is."


@check("a completion echoes its prompt with log-probabilities")
def _() -> None:
    answer = lenient.completions.create(model="nanochat", prompt="Once there was", max_tokens=0, echo=True, logprobs=2)
    choice = answer.choices[0]
    assert choice.text == "Once there was"
    assert choice.logprobs and choice.logprobs.tokens and choice.logprobs.text_offset
    assert len(choice.logprobs.tokens) == len(choice.logprobs.text_offset)


@check("a streamed completion gives the text of the same one without a stream")
def _() -> None:
    body: dict[str, Any] = {"model": "nanochat", "prompt": ["Once there was", "The sun"], "max_tokens": 12, "seed": 3}
    chunks = list(lenient.completions.create(**body, stream=True))
    for whole in real.completions.create(**body).choices:
        parts = [one.text for chunk in chunks for one in chunk.choices if one.index == whole.index]
        assert "".join(parts) == whole.text


@check("a response is created, retrieved and deleted")
def _() -> None:
    response = real.responses.create(model="nanochat", input="Hello!", max_output_tokens=40)
    assert response.output_text and response.status == "completed"
    assert real.responses.retrieve(response.id).output_text == response.output_text
    real.responses.delete(response.id)
    with failing(openai.NotFoundError):
        real.responses.retrieve(response.id)


@check("the responses stream helper gives every event and a final response")
def _() -> None:
    with real.responses.stream(model="nanochat", input="Hello!", max_output_tokens=40) as stream:
        heard = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert heard == stream.get_final_response().output_text


@check("responses.parse gives what a pydantic model says")
def _() -> None:
    body: dict[str, Any] = {"model": "nanochat", "input": "Plan a trip.", "max_output_tokens": 200}
    assert isinstance(real.responses.parse(**body, text_format=Trip).output_parsed, Trip)


@check("a response calls a function tool, in a stream too")
def _() -> None:
    tools: Any = [openai.pydantic_function_tool(Weather)["function"] | {"type": "function"}]
    body: dict[str, Any] = {"model": "nanochat", "input": "Weather?", "tools": tools, "tool_choice": "required"}
    calls = [item for item in real.responses.create(**body).output if item.type == "function_call"]
    assert calls and Weather.model_validate_json(calls[0].arguments)
    with real.responses.stream(**body) as stream:
        done = [event for event in stream if event.type == "response.function_call_arguments.done"]
    assert done and Weather.model_validate_json(done[0].arguments)


@check("the models are listed and one is retrieved")
def _() -> None:
    models = list(real.models.list())
    assert real.models.retrieve(models[0].id).id == models[0].id


@check("a refusal is a BadRequestError that names the field")
def _() -> None:
    with failing(openai.BadRequestError) as seen:
        real.chat.completions.create(**say("Hello!", temperature=3))
    assert (seen.error.param, seen.error.type) == ("temperature", "invalid_request_error")


@check("a schema that is none is a BadRequestError that names the field")
def _() -> None:
    bad = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "nonsense"}}}
    with failing(openai.BadRequestError) as seen:
        real.chat.completions.create(**say("Hello!", response_format=bad))
    assert str(seen.error.param).startswith("response_format")


@check("an unknown model is a NotFoundError")
def _() -> None:
    with failing(openai.NotFoundError) as seen:
        real.chat.completions.create(**say("Hello!", model="gpt-9"))
    assert (seen.error.code, seen.error.param) == ("model_not_found", "model")


@check("refusals of completions and responses name the field")
def _() -> None:
    with failing(openai.BadRequestError) as seen:
        real.completions.create(model="nanochat", prompt="a", suffix="b")
    assert seen.error.param == "suffix"
    with failing(openai.BadRequestError) as seen:
        real.responses.create(model="nanochat", input="a", temperature=3)
    assert seen.error.param == "temperature"


class ResponseFailed(Exception):
    """The Responses API has an event for it; the SDK raises for chat and completions alone."""


def chat_stream() -> Any:
    return fake.chat.completions.create(**say("Hello!"), stream=True)


def completion_stream() -> Any:
    return lenient_fake.completions.create(model="nanochat", prompt="Hello", stream=True)


def response_stream() -> Any:
    return fake.responses.create(model="nanochat", input="Hello!", stream=True)


for name, begin in (("chat", chat_stream), ("completions", completion_stream), ("responses", response_stream)):
    for fault in ("errorAfterTokens", "cutAfterTokens"):

        @check(f"{name}: a stream that breaks ({fault}) ends as an APIError after the text so far")
        def _() -> None:
            script(**{fault: 3})
            events: list[Any] = []
            with failing(openai.APIError, ResponseFailed):
                for event in begin():
                    if isinstance(event, ResponseFailedEvent):
                        raise ResponseFailed
                    events.append(event)
            assert len(events) >= 3
            assert '"finish_reason":"stop"' not in "".join(event.model_dump_json() for event in events)
