"""What a body holds is counted before it is parsed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanochat_engine.api.structure import has_more_values
from tests.api.scripted_engine import Served

JSON = st.recursive(
    st.none() | st.integers() | st.text(alphabet='a"\\[{,:é\n'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='a"\\[{'), inner),
)


def values(value: Any) -> int:
    match value:
        case str():
            return 1
        case list():
            return 1 + sum(map(values, value))
        case dict():
            return 1 + sum(1 + values(each) for each in value.values())
        case _:
            return 0


@given(JSON, st.booleans())
def test_strings_arrays_and_objects_are_counted_exactly(value: Any, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert not has_more_values(raw, values(value))
    assert has_more_values(raw, values(value) - 1)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"user":[' + b",".join([b"[]"] * 300_000) + b"]}",
        b'{"prompt":"a","metadata":{' + b",".join(b'"%x":1' % number for number in range(80_000)) + b"}}",
        b'{"messages":[' + b",".join([b'{"role":"user","content":""}'] * 30_000) + b"]}",
    ],
)
def test_a_body_of_very_many_small_values_is_400(served: Served, raw: bytes) -> None:
    answer = served.http.post("/v1/chat/completions", content=raw, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "The body has too many fields.")


def test_a_text_full_of_brackets_and_quotes_is_one_value(served: Served) -> None:
    text = '{"a": ["\\"]}, ' * 2_000
    with served.http.stream("POST", "/generate", json={"prompt": text}) as answer:
        assert answer.status_code == 200
