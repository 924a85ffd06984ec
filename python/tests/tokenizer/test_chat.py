from __future__ import annotations

import json
from typing import Any

import pytest

from nanochat_engine.errors import InvalidRequest
from nanochat_engine.tokenizer.chat import Message, Part, render_chat
from tests.golden import GOLDEN, golden_tokenizer

TOKENIZER = golden_tokenizer()
CASES: list[dict[str, Any]] = json.loads((GOLDEN / "chat.json").read_text())["cases"]


def message(value: dict[str, Any]) -> Message:
    content = value["content"]
    parts = content if isinstance(content, str) else tuple(Part(part["type"], part["text"]) for part in content)
    return Message(value["role"], parts)


def shown(*messages: Message) -> str:
    """The rendered ids as text, special tokens as their names."""
    names = {
        TOKENIZER.bos_id: "<bos>",
        TOKENIZER.user_start_id: "<user>",
        TOKENIZER.user_end_id: "</user>",
        TOKENIZER.assistant_start_id: "<assistant>",
        TOKENIZER.assistant_end_id: "</assistant>",
        TOKENIZER.python_start_id: "<python>",
        TOKENIZER.python_end_id: "</python>",
        TOKENIZER.output_start_id: "<output>",
        TOKENIZER.output_end_id: "</output>",
    }
    return "".join(names.get(token) or TOKENIZER.decode([token]) for token in render_chat(TOKENIZER, messages))


@pytest.mark.parametrize("case", CASES, ids=[f"{len(case['messages'])}-{len(case['ids'])}" for case in CASES])
def test_a_chat_is_rendered_as_nanochat_renders_it(case: dict[str, Any]) -> None:
    assert render_chat(TOKENIZER, [message(value) for value in case["messages"]]) == case["ids"]


def test_leading_system_messages_are_put_before_the_first_user_message() -> None:
    assert (
        shown(Message("system", "A"), Message("system", "B"), Message("user", "C"))
        == "<bos><user>A\n\nB\n\nC</user><assistant>"
    )


def test_messages_of_one_role_in_a_row_are_joined_with_a_blank_line() -> None:
    messages = [
        Message("user", "A"),
        Message("user", "B"),
        Message("assistant", "C"),
        Message("assistant", "D"),
        Message("user", "E"),
    ]
    assert shown(*messages) == "<bos><user>A\n\nB</user><assistant>C\n\nD</assistant><user>E</user><assistant>"


def test_joined_text_is_encoded_as_one_text() -> None:
    messages = [
        Message("user", "q"),
        Message("assistant", "one."),
        Message("assistant", "two"),
        Message("user", "r"),
    ]
    ids = render_chat(TOKENIZER, messages)
    start, end = ids.index(TOKENIZER.assistant_start_id), ids.index(TOKENIZER.assistant_end_id)
    assert ids[start + 1 : end] == TOKENIZER.encode("one.\n\ntwo")


def test_joined_calculator_messages_keep_their_blocks() -> None:
    messages = [
        Message("user", "q"),
        Message("assistant", (Part("python", "1+1"),)),
        Message("assistant", (Part("python_output", "2"),)),
        Message("user", "r"),
    ]
    assert shown(*messages) == (
        "<bos><user>q</user><assistant><python>1+1</python>\n\n<output>2</output></assistant><user>r</user><assistant>"
    )


def test_text_parts_of_a_user_message_are_one_text() -> None:
    split = Message("user", (Part("text", "Hel"), Part("text", "lo")))
    assert render_chat(TOKENIZER, [split]) == render_chat(TOKENIZER, [Message("user", "Hello")])


def test_the_messages_given_are_not_changed() -> None:
    messages = [Message("system", "A"), Message("user", (Part("text", "B"),))]
    first = render_chat(TOKENIZER, messages)
    assert render_chat(TOKENIZER, messages) == first


U, A, S = Message("user", "u"), Message("assistant", "a"), Message("system", "s")


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([], "messages"),
        ([S], "messages[0].role"),
        ([S, S], "messages[1].role"),
        ([A, U], "messages[0].role"),
        ([S, A, U], "messages[1].role"),
        ([U, S, U], "messages[1].role"),
        ([U, A, S, U], "messages[2].role"),
        ([U, A], "messages[1].role"),
        ([S, U, A, A], "messages[3].role"),
        ([Message("tool", "x"), U], "messages[0].role"),  # type: ignore[arg-type]
        ([Message("user", (Part("python", "1+1"),))], "messages[0].content"),
        ([Message("system", (Part("python_output", "2"),)), U], "messages[0].content"),
    ],
)
def test_a_chat_that_can_not_be_rendered_is_refused_naming_the_message(messages: list[Message], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        render_chat(TOKENIZER, messages)
    assert caught.value.param == param
