"""The body of POST /generate, as docs/engine-api.md gives it. Null means absent; "0.5" and true are no numbers."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from nanochat_engine.constraint import Constraint, ConstraintKind
from nanochat_engine.errors import InvalidRequest
from nanochat_engine.request import ChoiceResume, SamplingParams

MAX_SEED = 2**63 - 1
MAX_TOKENS = 4096
MAX_CHOICES = 8
MAX_REQUEST_TOKENS = 8192
MAX_LOGPROBS = 20
MAX_BIASES = 300
MAX_STOP_IDS = 64

# The vocabulary's size is checked later, when the model is known.
TokenId = Annotated[int, Field(ge=0, lt=2**31)]
# Written in one way only, so that none is given twice.
TokenKey = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,8})$")]
Logprobs = Annotated[int, Field(ge=0, le=MAX_LOGPROBS)]
Penalty = Annotated[float, Field(ge=-2, le=2)]


class Strict(BaseModel):
    """Base of every body."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class TextPart(Strict):
    type: Literal["text"]
    text: str


class ChatMessage(Strict):
    role: Literal["system", "user", "assistant"]
    content: str | Annotated[list[TextPart], Field(min_length=1, fail_fast=True)]


class SamplingBody(Strict):
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_k: Annotated[int, Field(ge=-1, le=200)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    max_tokens: Annotated[int, Field(ge=0, le=MAX_TOKENS)] | None = None
    stop: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=4)] | None = None
    ignore_eos: bool | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=2)] | None = None
    logit_bias: (
        Annotated[dict[TokenKey, Annotated[float, Field(ge=-100, le=100)]], Field(max_length=MAX_BIASES)] | None
    ) = None
    min_tokens: Annotated[int, Field(ge=0, le=MAX_TOKENS)] | None = None
    stop_token_ids: Annotated[list[TokenId], Field(max_length=MAX_STOP_IDS, fail_fast=True)] | None = None
    logprobs: Logprobs | None = None

    @field_validator("min_tokens")
    @classmethod
    def _within_max_tokens(cls, value: int | None, info: ValidationInfo) -> int | None:
        most = info.data.get("max_tokens")
        if value is not None and most is not None and value > most:
            raise ValueError(f"must be at most max_tokens, {most}")
        return value

    def params(self, drawn_seed: int) -> SamplingParams:
        """The engine's parameters, defaults filled in. drawn_seed: taken when the caller gave none."""
        return SamplingParams(
            seed=drawn_seed if self.seed is None else self.seed,
            temperature=0.7 if self.temperature is None else self.temperature,
            top_k=50 if self.top_k is None else max(self.top_k, 0),
            top_p=1.0 if self.top_p is None else self.top_p,
            max_tokens=self.max_tokens,
            stop=tuple(self.stop or ()),
            ignore_eos=bool(self.ignore_eos),
            min_p=self.min_p or 0.0,
            presence_penalty=self.presence_penalty or 0.0,
            frequency_penalty=self.frequency_penalty or 0.0,
            repetition_penalty=1.0 if self.repetition_penalty is None else self.repetition_penalty,
            logit_bias=tuple((int(token), bias) for token, bias in (self.logit_bias or {}).items()),
            min_tokens=self.min_tokens or 0,
            stop_token_ids=frozenset(self.stop_token_ids or ()),
            logprobs=self.logprobs,
        )


class ResumedChoice(Strict):
    index: Annotated[int, Field(ge=0, lt=MAX_CHOICES)]
    token_ids: Annotated[list[TokenId], Field(max_length=MAX_TOKENS, fail_fast=True)]
    text_offset: Annotated[int, Field(ge=0, lt=2**31)]


class ResumeBody(Strict):
    choices: Annotated[list[ResumedChoice], Field(min_length=1, max_length=MAX_CHOICES)]

    def by_index(self) -> dict[int, ChoiceResume]:
        return {choice.index: ChoiceResume(tuple(choice.token_ids), choice.text_offset) for choice in self.choices}


class TokenizeBody(Strict):
    prompt: str | None = None
    messages: Annotated[list[ChatMessage], Field(min_length=1, fail_fast=True)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("give exactly one of prompt and messages")
        return self


class DetokenizeBody(Strict):
    token_ids: Annotated[list[TokenId], Field(fail_fast=True)]


class ConstraintBody(Strict):
    """Exactly one member; what its source has to be is checked where it is compiled."""

    json_schema: dict[str, Any] | Literal[True] | None = None
    json_object: Literal[True] | None = None
    regex: Annotated[str, Field(min_length=1)] | None = None
    lark: Annotated[str, Field(min_length=1)] | None = None
    choice: Annotated[list[str], Field(min_length=1, fail_fast=True)] | None = None

    @model_validator(mode="after")
    def _one_member(self) -> Self:
        if len(self._given()) != 1:
            raise InvalidRequest(
                "constraint: give exactly one of json_schema, json_object, regex, lark and choice.", param="constraint"
            )
        return self

    def constraint(self) -> Constraint:
        """Raises InvalidRequest for a schema that can't be written out: nested too deeply, or with an integer of thousands of digits."""
        ((kind, value),) = self._given()
        if kind == "json_object":
            return Constraint(kind, "")
        try:
            return Constraint(kind, value if isinstance(value, str) else json.dumps(value))
        except (ValueError, RecursionError) as error:
            raise InvalidRequest("constraint: it can't be written as JSON.", param="constraint") from error

    def _given(self) -> list[tuple[ConstraintKind, Any]]:
        members: list[tuple[ConstraintKind, Any]] = [
            ("json_schema", self.json_schema),
            ("json_object", self.json_object),
            ("regex", self.regex),
            ("lark", self.lark),
            ("choice", self.choice),
        ]
        return [(kind, value) for kind, value in members if value is not None]


class GenerateBody(Strict):
    request_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")] | None = None
    messages: Annotated[list[ChatMessage], Field(min_length=1, fail_fast=True)] | None = None
    prompt: str | None = None
    prompt_token_ids: Annotated[list[TokenId], Field(min_length=1, fail_fast=True)] | None = None
    sampling: SamplingBody | None = None
    n: Annotated[int, Field(ge=1, le=MAX_CHOICES)] | None = None
    calculator: bool | None = None
    constraint: ConstraintBody | None = None
    echo: bool | None = None
    prompt_logprobs: Logprobs | None = None
    cache_salt: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    resume: ResumeBody | None = None

    @property
    def tells_prompt(self) -> bool:
        """Whether the answer begins with the prompt."""
        return bool(self.echo) or self.prompt_logprobs is not None

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        given = [value for value in (self.messages, self.prompt, self.prompt_token_ids) if value is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of messages, prompt and prompt_token_ids")
        n = self.n or 1
        max_tokens = self.sampling.max_tokens if self.sampling is not None else None
        if max_tokens is not None and n * max_tokens > MAX_REQUEST_TOKENS:
            raise ValueError(f"n * sampling.max_tokens must be at most {MAX_REQUEST_TOKENS}")
        if max_tokens == 0 and not self.tells_prompt:
            raise InvalidRequest(
                "sampling.max_tokens: must be at least 1 without echo or prompt_logprobs.", param="sampling.max_tokens"
            )
        if self.constraint is not None and self.sampling is not None and self.sampling.ignore_eos:
            raise InvalidRequest(
                "sampling.ignore_eos: an answer ends where its constraint does.", param="sampling.ignore_eos"
            )
        if self.resume is not None:
            indices = [choice.index for choice in self.resume.choices]
            if len(set(indices)) != len(indices) or max(indices) >= n:
                raise ValueError("resume.choices: each index must be given once and be below n")
        return self
