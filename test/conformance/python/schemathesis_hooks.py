"""Loaded into schemathesis: counts the answers, and holds every error against its API's shape and every stream against its end."""

from __future__ import annotations

import atexit
import json
import os
from collections import Counter
from typing import Any

import schemathesis

STATUSES: Counter[str] = Counter()
# What was refused though its schema allows it: bounds that concern several fields, or the model's own.
REFUSED: Counter[str] = Counter()
LONGEST_NAME = 256
# Fields that the document has only to be able to say that they are refused.
OLD = ("functions", "function_call", "guided_json", "guided_json_object", "guided_regex", "guided_choice")
OLD += ("guided_grammar", "guided_decoding_backend", "guided_whitespace_pattern", "thinking", "include")
# The real engine computes what it is asked for: a cap on that keeps a run short.
MOST_TOKENS = int(os.environ.get("MOST_TOKENS", "0"))
LENGTHS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "min_tokens")


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Turn the events' schema, which OpenAPI 3.1 has no place for, into 3.2's, which schemathesis holds each event against."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            stream = operation.get("responses", {}).get("200", {}).get("content", {}).get("text/event-stream")
            if stream is not None:
                del stream["schema"]  # of the whole, as text
                data = {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": stream["x-event-schema"],
                }
                one = {"type": "object", "required": ["data"], "properties": {"data": data}}
                stream["itemSchema"] = {"anyOf": [one, {"properties": {"data": {"const": "[DONE]"}}}]}


def mend(body: dict[str, Any]) -> None:
    """Make a body that its schema allows one that the server can answer: turns in an order, lengths that mean something."""
    messages = body.get("messages")
    if isinstance(messages, list):
        body["messages"] = [one if is_text(one) else {"role": "user", "content": "Hello"} for one in messages]
    if isinstance(body.get("input"), list):
        body["input"] = [one if is_text(one) else {"role": "user", "content": "Hello"} for one in body["input"]]
    if body.get("max_tokens") == 0:
        body["max_tokens"] = 1
    if isinstance(body.get("tool_choice"), dict):
        body["tool_choice"] = None
    if len([one for one in (body.get("structured_outputs") or {}).values() if one is not None]) != 1:
        body.pop("structured_outputs", None)
    if not body.get("stream"):
        body.pop("stream_options", None)
    for name in OLD:
        body.pop(name, None)


def is_text(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and set(message) == {"role", "content"}
        and message["role"] == "user"
        and message["content"]
    )


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    body = case.body
    if not isinstance(body, dict):
        return
    # A name that is drawn is no model's, and nothing but 404 would ever be seen.
    if isinstance(body.get("model"), str) and 0 < len(body["model"]) <= LONGEST_NAME:
        body["model"] = "nanochat"
    if case.meta is not None and case.meta.generation.mode.is_positive:
        mend(body)
    if not MOST_TOKENS:
        return
    for name in LENGTHS:
        if isinstance(body.get(name), int | float) and body[name] > MOST_TOKENS:
            body[name] = MOST_TOKENS
    if "/completions" in case.path or "/messages" in case.path:
        body.setdefault("max_tokens", MOST_TOKENS)
    if "/responses" in case.path:
        body.setdefault("max_output_tokens", MOST_TOKENS)


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    STATUSES[f"{case.operation.label} {response.status_code}"] += 1
    if case.meta is not None and case.meta.generation.mode.is_positive and response.status_code == 400:
        REFUSED[f"{case.operation.label}: {response.json()['error']['message'][:100]}"] += 1


@schemathesis.check
def error_has_its_shape(ctx: Any, response: Any, case: Any) -> None:
    """OpenAI's body, and Anthropic's on its routes; probes have their own."""
    if response.status_code < 400 or case.path.startswith("/health"):
        return
    error = response.json().get("error")
    if not isinstance(error, dict):
        raise AssertionError("an error without an object 'error'")
    if case.path.startswith("/v1/messages"):
        if response.json().get("type") != "error" or not all(
            isinstance(error.get(k), str) for k in ("type", "message")
        ):
            raise AssertionError("not an error of Anthropic's shape")
        return
    if set(error) != {"message", "type", "param", "code"}:
        raise AssertionError(f"an error with the members {sorted(error)}")
    for name in ("message", "type", "param", "code"):
        if not isinstance(error[name], str) and (error[name] is not None or name in ("message", "type")):
            raise AssertionError(f"error.{name} is {type(error[name]).__name__}")


@schemathesis.check
def stream_ends_well(ctx: Any, response: Any, case: Any) -> None:
    """Each event is JSON, none is an error, and the last one is the API's own."""
    if "text/event-stream" not in response.headers.get("content-type", [""])[0]:
        return
    events = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    if not events:
        raise AssertionError("a stream without events")
    if "/responses" not in case.path and "/messages" not in case.path and events.pop() != "[DONE]":
        raise AssertionError("a stream that does not end with [DONE]")
    parsed = [json.loads(event) for event in events]
    if any("error" in event and event["error"] for event in parsed):
        raise AssertionError("a stream with an error")
    last = parsed[-1].get("type")
    ends = {"/v1/responses": ("response.completed", "response.incomplete"), "/v1/messages": ("message_stop",)}
    if case.path in ends and last not in ends[case.path]:
        raise AssertionError(f"a stream that ends with {last}")


@atexit.register
def write() -> None:
    with open(os.environ["STATUSES"], "w") as file:
        json.dump(STATUSES, file)
    for reason, number in REFUSED.most_common(40):
        print(f"refused though of the right form: {number:5d}  {reason}")
