"""LiteLLM as a client, with its provider for OpenAI-compatible servers and the one for vLLM."""

from __future__ import annotations

import json
import os
from typing import Any, Literal

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the network at import

import litellm
from checks import FAKE_URL, REAL_URL, call_text, check, failing, script
from litellm.exceptions import MidStreamFallbackError
from pydantic import BaseModel, Field

litellm.enable_json_schema_validation = True
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"enum": ["Paris", "Rome"]}}, "required": ["city"]},
    },
}


class Trip(BaseModel):
    city: Literal["Paris", "Rome"]
    days: int = Field(ge=1, le=9)


def ask(content: str, url: str = REAL_URL, provider: str = "openai", **more: Any) -> Any:
    return litellm.completion(
        model=f"{provider}/nanochat",
        api_base=f"{url}/v1",
        api_key="none",
        num_retries=0,
        max_retries=0,
        messages=more.pop("messages", [{"role": "user", "content": content}]),
        max_tokens=150,
        **more,
    )


for provider in ("openai", "hosted_vllm"):

    @check(f"{provider}: a chat is answered, with usage")
    def _() -> None:
        answer = ask("Hello!", provider=provider)
        assert answer.choices[0].message.content
        assert answer.usage.completion_tokens > 0

    @check(f"{provider}: a chat is streamed, with usage at the end")
    def _() -> None:
        stream = ask("Tell me a short story.", provider=provider, stream=True, stream_options={"include_usage": True})
        chunks = list(stream)
        assert len("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)) > 10
        assert chunks[-1].usage.completion_tokens > 3


@check("a pydantic response_format gives what the model says")
def _() -> None:
    answer = ask("Plan a trip.", response_format=Trip)
    assert Trip.model_validate_json(answer.choices[0].message.content)


@check("a required tool is called with arguments that follow its schema")
def _() -> None:
    call = ask("Weather?", tools=[TOOL], tool_choice="required").choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments)["city"] in ("Paris", "Rome")


@check("a tool is called in a stream, and its result is answered")
def _() -> None:
    script(reply=call_text("weather", '{"city": "Rome"}'))
    chunks = list(ask("Weather in Rome?", FAKE_URL, tools=[TOOL], stream=True))
    message = litellm.stream_chunk_builder(chunks).choices[0].message
    assert json.loads(message.tool_calls[0].function.arguments) == {"city": "Rome"}
    script(reply="Sunny it is.")
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "sunny"}
    messages = [{"role": "user", "content": "Weather in Rome?"}, message.model_dump(), result]
    assert ask("", FAKE_URL, messages=messages, tools=[TOOL]).choices[0].message.content == "Sunny it is."


@check("a text completion is answered")
def _() -> None:
    more = {"api_base": f"{REAL_URL}/v1", "api_key": "none", "max_tokens": 10}
    answer = litellm.text_completion(model="text-completion-openai/nanochat", prompt="Once there was", **more)
    assert isinstance(answer.choices[0].text, str)


@check("a refusal is a BadRequestError that names the field")
def _() -> None:
    with failing(litellm.BadRequestError) as seen:
        ask("Hello!", temperature=3)
    assert "temperature" in str(seen.error)


@check("an unknown model is a NotFoundError")
def _() -> None:
    with failing(litellm.NotFoundError):
        litellm.completion(
            model="openai/gpt-9x",
            api_base=f"{REAL_URL}/v1",
            api_key="none",
            max_retries=0,
            messages=[{"role": "user", "content": "Hello!"}],
        )


for fault in ("errorAfterTokens", "cutAfterTokens"):

    @check(f"a stream that breaks ({fault}) raises after the text so far")
    def _() -> None:
        script(**{fault: 3})
        text = ""
        with failing(litellm.APIError, litellm.APIConnectionError, MidStreamFallbackError):
            for chunk in ask("Hello!", FAKE_URL, stream=True):
                text += chunk.choices[0].delta.content or ""
        assert text == "The quick brown", text
