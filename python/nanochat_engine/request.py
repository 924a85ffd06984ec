"""One request as the engine thread sees it: token ids and numbers, already checked for form by `api/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import EngineError

FinishReason = Literal["stop", "length"]

DEFAULT_MAX_TOKENS = 512


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How the next token is drawn.

    temperature: 0 (greedy) to 2. top_k: 1 to 200, 0 off. top_p: (0, 1]. seed: 0 to 2^63-1.
    max_tokens: generated tokens a choice, None for DEFAULT_MAX_TOKENS cut to the room left.
    stop: up to 4 strings; the text ends before the first that appears.
    min_p: 0 (off) to 1, of the likeliest token's probability. presence_penalty, frequency_penalty: -2 to 2, 0 off, of generated
    tokens. repetition_penalty: (0, 2], 1 off, of prompt and generated tokens. logit_bias: (token id, -100 to 100) pairs.
    min_tokens: nothing ends a choice before it has as many. stop_token_ids: end it besides the model's own.
    logprobs: how many of the most likely tokens are told beside each token, 0 for the token alone, None for nothing.
    """

    seed: int
    temperature: float = 0.7
    top_k: int = 50
    top_p: float = 1.0
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    min_tokens: int = 0
    stop_token_ids: frozenset[int] = frozenset()
    logprobs: int | None = None


class TokenLogprob(NamedTuple):
    """Of a token at its place: its log-probability, and the most likely tokens there, most likely first and equal ones by id.

    Natural logarithms of the raw distribution: log_softmax of the logits in float32, before everything that sampling changes.
    """

    logprob: float
    top_ids: tuple[int, ...]
    top_logprobs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ChoiceResume:
    """Where an interrupted choice stood: its generated ids and the characters already released."""

    token_ids: tuple[int, ...]
    text_offset: int


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """A prompt and what is wanted of it. resume: by choice index; where it is not empty, choices absent from it are already finished.

    prompt_logprobs: as SamplingParams.logprobs, of the prompt's own tokens, told before any choice's delta.
    constraint: what every choice's text has to satisfy. cache_salt: only requests of the same one share what the cache holds.
    """

    request_id: str
    prompt_ids: tuple[int, ...]
    params: SamplingParams
    n: int = 1
    constraint: Constraint | None = None
    calculator: bool = True
    prompt_logprobs: int | None = None
    cache_salt: str | None = None
    resume: Mapping[int, ChoiceResume] = field(default_factory=dict)


class Calculation(NamedTuple):
    """An expression of the model's and the result that the calculator put after it."""

    expression: str
    result: str


@dataclass(frozen=True, slots=True)
class PromptLogprobs:
    """Of each token of the prompt but the first; comes once, before any delta of the request."""

    request_id: str
    logprobs: tuple[TokenLogprob, ...]


@dataclass(frozen=True, slots=True)
class ChoiceDelta:
    """What one step added to one choice. text_offset: characters released so far, this delta's included.

    logprobs: one for each of token_ids where they were asked for, else empty. calculations: those that this step's tokens ended.
    stop: the stop string that ended the choice, if one did.
    """

    request_id: str
    index: int
    token_ids: tuple[int, ...]
    text: str
    text_offset: int
    finish_reason: FinishReason | None
    logprobs: tuple[TokenLogprob, ...] = ()
    calculations: tuple[Calculation, ...] = ()
    stop: str | None = None


@dataclass(frozen=True, slots=True)
class RequestDone:
    """Every choice has finished; the last event of a request. Counts are in tokens; completion_tokens sums the choices, resumed ids included."""

    request_id: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """The last event of a request that the engine could not finish."""

    request_id: str
    error: EngineError


StepEvent = PromptLogprobs | ChoiceDelta | RequestDone | RequestFailed
