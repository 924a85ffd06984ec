"""Renders a conversation as nanochat does for completion (its tokenizer's render_for_completion).

Knows the chat format; must not know HTTP, limits of size or sampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nanochat_engine.errors import InvalidRequest
from nanochat_engine.tokenizer.tokenizer import Tokenizer

Role = Literal["system", "user", "assistant"]
PartType = Literal["text", "python", "python_output"]

MERGE = "\n\n"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message: text, or (assistant only) a calculator expression or its output."""

    type: PartType
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str | tuple[Part, ...]


@dataclass(slots=True)
class _Turn:
    role: Role
    parts: list[Part]


def render_chat(tokenizer: Tokenizer, messages: Sequence[Message]) -> list[int]:
    """Ids of the conversation, ending with assistant_start so that the model answers next.

    Leading system messages are put before the first user message with a blank line, as upstream does; messages of one
    role in a row are joined with a blank line, since turns must alternate.
    Raises InvalidRequest naming the message when roles can't be rendered.
    """
    ids = [tokenizer.bos_id]
    for turn in _turns(messages):
        if turn.role == "user":
            text = "".join([part.text for part in turn.parts])
            ids += [tokenizer.user_start_id, *tokenizer.encode(text), tokenizer.user_end_id]
            continue
        ids.append(tokenizer.assistant_start_id)
        for part in turn.parts:
            ids += _render_part(tokenizer, part)
        ids.append(tokenizer.assistant_end_id)
    ids.append(tokenizer.assistant_start_id)
    return ids


def _render_part(tokenizer: Tokenizer, part: Part) -> list[int]:
    ids = tokenizer.encode(part.text)
    if part.type == "python":
        return [tokenizer.python_start_id, *ids, tokenizer.python_end_id]
    if part.type == "python_output":
        return [tokenizer.output_start_id, *ids, tokenizer.output_end_id]
    return ids


def _turns(messages: Sequence[Message]) -> list[_Turn]:
    """Alternating turns from user to user, system text merged in."""
    if not messages:
        raise InvalidRequest("messages must not be empty", param="messages")
    system: list[str] = []
    turns: list[_Turn] = []
    for index, message in enumerate(messages):
        parts = _parts(message, index)
        if message.role == "system":
            if turns:
                raise InvalidRequest("a system message can only come first", param=f"messages[{index}].role")
            system.append("".join([part.text for part in parts]))
        elif turns and turns[-1].role == message.role:
            turns[-1].parts = _join(turns[-1].parts, parts)
        elif not turns and message.role == "assistant":
            raise InvalidRequest(
                "the first message after the system's must be from the user", param=f"messages[{index}].role"
            )
        else:
            turns.append(_Turn(message.role, parts))
    last = f"messages[{len(messages) - 1}].role"
    if not turns:
        raise InvalidRequest("a system message needs a user message after it", param=last)
    if turns[-1].role != "user":
        raise InvalidRequest("the last message must be from the user", param=last)
    if system:
        turns[0].parts.insert(0, Part("text", MERGE.join(system) + MERGE))
    return turns


def _parts(message: Message, index: int) -> list[Part]:
    if message.role not in ("system", "user", "assistant"):
        raise InvalidRequest(
            f"role {message.role!r} is none of system, user, assistant", param=f"messages[{index}].role"
        )
    parts = [Part("text", message.content)] if isinstance(message.content, str) else list(message.content)
    if message.role != "assistant" and any(part.type != "text" for part in parts):
        raise InvalidRequest(f"a {message.role} message holds text only", param=f"messages[{index}].content")
    return parts


def _join(before: list[Part], after: list[Part]) -> list[Part]:
    """Parts of two messages of one role; the text at the border stays one part, so that it is encoded as one text."""
    if before and after and before[-1].type == after[0].type == "text":
        return [*before[:-1], Part("text", before[-1].text + MERGE + after[0].text), *after[1:]]
    return [*before, Part("text", MERGE), *after]
