"""Bodies of the thin OpenAI routes: what the engine can honour, and fields that change nothing. The gateway knows the rest."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from nanochat_engine.api.schemas import (
    MAX_CHOICES,
    MAX_REQUEST_TOKENS,
    MAX_SEED,
    MAX_TOKENS,
    ChatMessage,
    Strict,
    TokenId,
)
from nanochat_engine.request import SamplingParams

StopString = Annotated[str, Field(min_length=1, max_length=64)]
TokenLimit = Annotated[int, Field(ge=1, le=MAX_TOKENS)]


class StreamOptions(Strict):
    include_usage: bool | None = None


class OpenAIBody(Strict):
    """What both routes share. Defaults are the engine's own, also where OpenAI's legacy route has others."""

    model: Annotated[str, Field(max_length=256)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=-1, le=200)] | None = None
    seed: Annotated[int, Field(ge=-MAX_SEED - 1, le=MAX_SEED)] | None = None
    max_tokens: TokenLimit | None = None
    stop: StopString | Annotated[list[StopString], Field(max_length=4)] | None = None
    n: Annotated[int, Field(ge=1, le=MAX_CHOICES)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    presence_penalty: Annotated[float, Field(ge=0, le=0)] | None = None
    frequency_penalty: Annotated[float, Field(ge=0, le=0)] | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options needs stream: true")
        if (self.n or 1) * (self.token_limit() or 0) > MAX_REQUEST_TOKENS:
            raise ValueError(f"n * max_tokens must be at most {MAX_REQUEST_TOKENS}")
        return self

    def token_limit(self) -> int | None:
        return self.max_tokens

    def include_usage(self) -> bool:
        return self.stream_options is not None and bool(self.stream_options.include_usage)

    def params(self, drawn_seed: int) -> SamplingParams:
        """The engine's parameters; drawn_seed is taken when the caller gave none."""
        return SamplingParams(
            # OpenAI's seeds are signed, the engine's are not.
            seed=drawn_seed if self.seed is None else self.seed & MAX_SEED,
            temperature=0.7 if self.temperature is None else self.temperature,
            top_k=50 if self.top_k is None else max(self.top_k, 0),
            top_p=1.0 if self.top_p is None else self.top_p,
            max_tokens=self.token_limit(),
            stop=(self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ()),
        )


class ChatCompletionBody(OpenAIBody):
    messages: Annotated[list[ChatMessage], Field(min_length=1, fail_fast=True)]
    max_completion_tokens: TokenLimit | None = None
    store: Literal[False] | None = None
    service_tier: Literal["auto", "default"] | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if None not in (self.max_tokens, self.max_completion_tokens) and self.max_tokens != self.max_completion_tokens:
            raise ValueError("max_tokens and max_completion_tokens mean the same; give one")
        return self

    def token_limit(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens


class CompletionBody(OpenAIBody):
    prompt: str | Annotated[list[TokenId], Field(min_length=1, fail_fast=True)]
    echo: Literal[False] | None = None
    best_of: Literal[1] | None = None
