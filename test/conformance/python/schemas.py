"""Random JSON schemas through the gateway and the real engine at temperature 1: every answer that says `stop` parses and validates."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import openai
from checks import REAL_URL, told

sys.path.insert(0, str(Path(__file__).parents[3] / "python" / "tests" / "grammar"))
from random_schemas import draw_schema

MAX_TOKENS = 256
SUBJECTS = ("a dog", "a trip", "an order", "a person", "the weather", "a book", 'a "quoted" name', "größe")
client = openai.OpenAI(base_url=f"{REAL_URL}/v1", api_key="none", max_retries=0)


def body_of(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request, and the schema that its answer must satisfy."""
    rnd = random.Random(seed)
    schema, _ = draw_schema(rnd)
    question = f"Describe {rnd.choice(SUBJECTS)} in JSON."
    return {
        "model": "nanochat",
        "messages": [{"role": "user", "content": question}],
        "temperature": 1,
        "seed": seed,
        "max_tokens": MAX_TOKENS,
        "response_format": {"type": "json_schema", "json_schema": {"name": "drawn", "schema": schema}},
    }, schema


def whole(body: dict[str, Any]) -> tuple[str, str]:
    """(finish reason, text)."""
    choice = client.chat.completions.create(**body).choices[0]
    return choice.finish_reason, choice.message.content or ""


def streamed(body: dict[str, Any]) -> tuple[str, str]:
    reason, text = "none", ""
    for chunk in client.chat.completions.create(**body, stream=True):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reason = choice.finish_reason or reason
    return reason, text


def no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def problem(schema: dict[str, Any], text: str) -> str | None:
    """What is wrong with an answer, None where nothing is."""
    try:
        value = json.loads(text, parse_constant=no_constant)
        jsonschema.Draft202012Validator(schema).validate(value)
    except (ValueError, jsonschema.ValidationError) as error:
        return f"{str(error).splitlines()[0]} in {text[:120]}"
    return None


def run(kind: str, ask: Any, count: int) -> None:
    reasons: Counter[str] = Counter()
    wrong, refused, tokens = [], [], time.monotonic()
    for seed in range(count):
        body, schema = body_of(seed)
        try:
            reason, text = ask(body)
        except openai.APIError as error:
            refused.append(f"schema {seed}: {error}")
            print(refused[-1], json.dumps(schema))
            continue
        reasons[reason] += 1
        found = problem(schema, text) if reason == "stop" else None
        if found is not None:
            wrong.append(f"schema {seed}: {found}")
            print(wrong[-1], json.dumps(schema))
        elif reason != "stop":
            print(f"schema {seed}: {reason}: {text}", json.dumps(schema))
    seconds = time.monotonic() - tokens
    ends = ", ".join(f"{reason} {number}" for reason, number in reasons.most_common())
    told(
        f"{kind}: all of {count} random schemas are taken",
        not refused,
        f"{len(refused)} are refused: {'; '.join(refused[:3])}",
        f"{kind}: {ends} in {seconds:.0f} s",
    )
    told(f"{kind}: what ends with stop parses and validates", not wrong, f"{len(wrong)} do not: {'; '.join(wrong[:3])}")
    long = reasons["length"]
    told(f"{kind}: at most 2 % end with length", long <= 0.02 * count, f"{long} of {count} do")
    others = sum(reasons.values()) - reasons["stop"] - long
    told(f"{kind}: nothing ends otherwise", others == 0, f"{ends}")


for kind, ask in (("whole", whole), ("streamed", streamed)):
    run(kind, ask, int(os.environ["SCHEMAS"]))
