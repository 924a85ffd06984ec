"""What health says of the engine: plain values, copied at one moment. docs/engine-api.md has their meanings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EngineState = Literal["starting", "loading", "warming", "ready", "draining", "failed"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The served model. context_length in tokens, prompt and answer together."""

    id: str
    generation: str
    context_length: int
    vocab_size: int
    parameters: int


@dataclass(frozen=True, slots=True)
class EngineSnapshot:
    """Counts are of sequences but for finished and aborted, which count requests; ages and times are seconds."""

    state: EngineState
    phase: str
    progress: float | None
    reason: str | None
    device: str | None
    dtype: str | None
    kernel: str | None
    quantization: str | None
    batch_invariant: bool | None
    model: ModelInfo | None
    running: int
    waiting: int
    max_running: int
    max_waiting: int
    block_tokens: int
    blocks: int
    blocks_used: int
    working: bool
    beat_age_seconds: float
    longest_step_seconds: float
    steps: int
    finished: int
    aborted: int
    abort_steps_max: int
