"""From a body's prompt to token ids: limits of size first, then the tokenizer, which is too slow for the event loop."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nanochat_engine.api.schemas import ChatMessage
from nanochat_engine.config import Settings
from nanochat_engine.errors import InvalidRequest
from nanochat_engine.request import SamplingParams
from nanochat_engine.tokenizer.chat import Message, render_chat
from nanochat_engine.tokenizer.tokenizer import Tokenizer

Prompt = str | list[int] | list[Message]


def chat_prompt(messages: Sequence[ChatMessage], settings: Settings) -> list[Message]:
    """The conversation within MAX_MESSAGES, MAX_MESSAGE_CHARS and MAX_TOTAL_CHARS; raises InvalidRequest naming the message."""
    if len(messages) > settings.max_messages:
        raise InvalidRequest(
            f"at most {settings.max_messages} messages are taken, not {len(messages)}", param="messages"
        )
    prompt: list[Message] = []
    total = 0
    for index, message in enumerate(messages):
        content = (
            message.content if isinstance(message.content, str) else "".join(part.text for part in message.content)
        )
        if len(content) > settings.max_message_chars:
            raise InvalidRequest(
                f"a message has at most {settings.max_message_chars} characters, not {len(content)}",
                param=f"messages[{index}].content",
            )
        total += len(content)
        prompt.append(Message(message.role, content))
    if total > settings.max_total_chars:
        raise InvalidRequest(
            f"all messages together have at most {settings.max_total_chars} characters", param="messages"
        )
    return prompt


def raw_prompt(text: str, settings: Settings) -> str:
    """The text within MAX_TOTAL_CHARS; raises InvalidRequest."""
    if len(text) > settings.max_total_chars:
        raise InvalidRequest(
            f"the prompt has at most {settings.max_total_chars} characters, not {len(text)}", param="prompt"
        )
    return text


def prompt_ids(prompt: Prompt, tokenizer: Tokenizer) -> tuple[int, ...]:
    """Ids of a prompt: a raw text gets bos before it, ids are taken as they are, a chat is rendered.

    Raises InvalidRequest for an id outside the vocabulary and for roles that can't be rendered.
    """
    if isinstance(prompt, str):
        return (tokenizer.bos_id, *tokenizer.encode(prompt))
    if prompt and isinstance(prompt[0], Message):
        return tuple(render_chat(tokenizer, prompt))
    check_ids(prompt, tokenizer.vocab_size, "prompt_token_ids")  # type: ignore[arg-type]
    return tuple(prompt)  # type: ignore[arg-type]


def check_params(params: SamplingParams, vocab_size: int) -> None:
    """Raises InvalidRequest unless every id that is named lies in [0, vocab_size)."""
    check_ids([token for token, _ in params.logit_bias], vocab_size, "sampling.logit_bias")
    check_ids(params.stop_token_ids, vocab_size, "sampling.stop_token_ids")


def check_ids(ids: Collection[int], vocab_size: int, param: str) -> None:
    """Raises InvalidRequest unless every id lies in [0, vocab_size)."""
    if ids and not 0 <= min(ids) <= max(ids) < vocab_size:
        raise InvalidRequest(f"{param}: each id must be below the vocabulary's size, {vocab_size}", param=param)
