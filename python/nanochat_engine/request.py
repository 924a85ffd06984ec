"""One request as the engine thread sees it: token ids and numbers, already checked for form by `api/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from nanochat_engine.errors import EngineError

FinishReason = Literal["stop", "length"]

DEFAULT_MAX_TOKENS = 512


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How the next token is drawn.

    temperature: 0 (greedy) to 2. top_k: 1 to 200, 0 off. top_p: (0, 1]. seed: 0 to 2^63-1.
    max_tokens: generated tokens a choice, None for DEFAULT_MAX_TOKENS cut to the room left.
    stop: up to 4 strings; the text ends before the first that appears.
    """

    seed: int
    temperature: float = 0.7
    top_k: int = 50
    top_p: float = 1.0
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False


@dataclass(frozen=True, slots=True)
class ChoiceResume:
    """Where an interrupted choice stood: its generated ids and the characters already released."""

    token_ids: tuple[int, ...]
    text_offset: int


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """A prompt and what is wanted of it. resume: by choice index; where it is not empty, choices absent from it are already finished."""

    request_id: str
    prompt_ids: tuple[int, ...]
    params: SamplingParams
    n: int = 1
    calculator: bool = True
    resume: Mapping[int, ChoiceResume] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChoiceDelta:
    """What one step added to one choice. text_offset: characters released so far, this delta's included."""

    request_id: str
    index: int
    token_ids: tuple[int, ...]
    text: str
    text_offset: int
    finish_reason: FinishReason | None


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


StepEvent = ChoiceDelta | RequestDone | RequestFailed
