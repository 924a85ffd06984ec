"""LangChain's client of OpenAI's API, in Python."""

from __future__ import annotations

from typing import Any, Literal

import openai
from checks import FAKE_URL, REAL_URL, call_text, check, failing, script
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI
from pydantic import BaseModel, Field


def model_of(url: str, **more: Any) -> ChatOpenAI:
    settings: dict[str, Any] = {"model": "nanochat", "api_key": "none", "max_retries": 0, "max_tokens": 150, **more}
    return ChatOpenAI(base_url=f"{url}/v1", stream_usage=True, **settings)


real, fake = model_of(REAL_URL), model_of(FAKE_URL)


class Trip(BaseModel):
    """A trip."""

    city: Literal["Paris", "Rome"]
    days: int = Field(ge=1, le=9)


@tool
def weather(city: Literal["Paris", "Rome"]) -> str:
    """Weather of a city."""
    return f"sunny in {city}"


@check("invoke answers, with usage")
def _() -> None:
    answer = real.invoke("Hello!")
    assert answer.text
    assert answer.usage_metadata and answer.usage_metadata["output_tokens"] > 0


@check("stream gives the text in chunks, with usage at the end")
def _() -> None:
    chunks = list(real.stream("Tell me a short story."))
    whole: Any = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert len(chunks) > 3 and whole.text
    assert whole.usage_metadata["output_tokens"] > 3


@check("batch answers each")
def _() -> None:
    assert all(answer.text for answer in real.batch(["Hello!", "Who are you?"]))


@check("the old completions client answers")
def _() -> None:
    old = OpenAI(model="nanochat", api_key="none", base_url=f"{REAL_URL}/v1", max_retries=0, max_tokens=20)
    assert isinstance(old.invoke("Once there was"), str)


for method in ("json_schema", "function_calling"):

    @check(f"with_structured_output ({method}) gives what a pydantic model says")
    def _() -> None:
        assert isinstance(real.with_structured_output(Trip, method=method).invoke("Plan a trip."), Trip)


@check("with_structured_output (json_mode) gives an object")
def _() -> None:
    assert isinstance(real.with_structured_output(None, method="json_mode").invoke("Give me JSON."), dict)


@check("bind_tools calls a tool with arguments that follow its schema")
def _() -> None:
    calls = real.bind_tools([weather], tool_choice="required").invoke("Weather?").tool_calls
    assert calls[0]["name"] == "weather" and calls[0]["args"]["city"] in ("Paris", "Rome")


@check("a tool is called in a stream, and its result is answered")
def _() -> None:
    script(reply=call_text("weather", '{"city": "Rome"}'))
    bound = fake.bind_tools([weather])
    messages: list[Any] = [HumanMessage("Weather in Rome?")]
    called: Any = None
    for chunk in bound.stream(messages):
        called = chunk if called is None else called + chunk
    assert called.tool_calls[0]["args"] == {"city": "Rome"}
    script(reply="Sunny it is.")
    messages += [called, weather.invoke(called.tool_calls[0])]
    assert bound.invoke(messages).text == "Sunny it is."


@check("the Responses API answers, in a stream too")
def _() -> None:
    model = model_of(REAL_URL, use_responses_api=True)
    assert model.invoke("Hello!").text
    assert "".join(chunk.text for chunk in model.stream("Hello!"))


@check("a refusal is the SDK's BadRequestError that names the field")
def _() -> None:
    with failing(openai.BadRequestError) as seen:
        model_of(REAL_URL, temperature=3).invoke("Hello!")
    assert seen.error.param == "temperature"


for fault in ("errorAfterTokens", "cutAfterTokens"):

    @check(f"a stream that breaks ({fault}) raises an APIError after the text so far")
    def _() -> None:
        script(**{fault: 3})
        text = ""
        with failing(openai.APIError):
            for chunk in fake.stream("Hello!"):
                text += chunk.text
        assert text == "The quick brown", text
