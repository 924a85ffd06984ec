"""From settings to a model that is ready to step: read, build, choose the row count, size the cache, warm up.

All of it runs on the engine thread, so that health answers meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch

from nanochat_engine.cache.blocks import BLOCK_TOKENS, blocks_for
from nanochat_engine.cache.store import BlockStore, bytes_per_token
from nanochat_engine.checkpoint.loader import load_checkpoint
from nanochat_engine.config import Settings
from nanochat_engine.device import choose_device, choose_dtype, free_memory, use_threads
from nanochat_engine.errors import SettingsError
from nanochat_engine.model.architecture import Architecture, Generation
from nanochat_engine.model.rows import invariant_quantum
from nanochat_engine.model.transformer import Transformer
from nanochat_engine.model.weights import build_transformer
from nanochat_engine.runner import Runner
from nanochat_engine.snapshot import EngineState, ModelInfo
from nanochat_engine.tokenizer.tokenizer import Tokenizer
from nanochat_engine.warm_up import WarmUp

_log = logging.getLogger(__name__)

# The share of free memory that the cache takes where CACHE_TOKENS does not say.
_CACHE_SHARE = {"cpu": 0.25, "cuda": 0.85, "mps": 0.25}
# BATCH_INVARIANT=auto keeps the promise while a lone stream's step costs less than this factor more.
_INVARIANT_COST = 1.10


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that can step, and what health says of it."""

    runner: Runner
    tokenizer: Tokenizer
    info: ModelInfo
    blocks: int
    device: str
    dtype: str
    kernel: str
    batch_invariant: bool
    longest_step_seconds: float


def load(
    settings: Settings, beat: Callable[[], None], report: Callable[[EngineState, str, float | None], None]
) -> LoadedModel:
    """Load and warm the model. report(state, phase, progress 0 to 1) is told of each phase.

    Raises CheckpointError or SettingsError where a restart would fail the same way.
    """
    device = choose_device(settings)
    dtype = choose_dtype(settings, device)
    report("loading", "load", 0.0)
    checkpoint = load_checkpoint(settings)
    _log.info(
        "checkpoint read",
        extra={"directory": str(checkpoint.directory), "generation": checkpoint.architecture.generation.value},
    )
    if checkpoint.architecture.generation is Generation.G3:
        _log.info(
            "G3 and its softcap of 20 (2026-03-02 to 03-09) look alike: set MODEL_SOFTCAP=20 if the model is of those days"
        )
    architecture = checkpoint.architecture
    threads = use_threads(settings, checkpoint.parameters)
    model = build_transformer(
        architecture, checkpoint.tensors, device, dtype, lambda share: report("loading", "load", share)
    )
    info = ModelInfo(
        id=checkpoint.model_id,
        generation=architecture.generation.value,
        context_length=architecture.sequence_len,
        vocab_size=architecture.vocab_size,
        parameters=checkpoint.parameters,
    )
    tokenizer = checkpoint.tokenizer
    del checkpoint
    report("warming", "warm", 0.0)
    blocks = _cache_blocks(settings, architecture, dtype, device)
    store = BlockStore(architecture, blocks, dtype, device)
    runner = Runner(model, store, device, quantum=1, beat=beat)
    warm_up = WarmUp(runner, tokenizer, blocks, architecture.sequence_len)
    longest = warm_up.run(settings.max_running, settings.step_tokens)
    report("warming", "warm", 0.5)
    quantum = _invariant_quantum(settings, model, device)
    if quantum is not None and settings.batch_invariant == "auto" and warm_up.cost(quantum) >= _INVARIANT_COST:
        quantum = None
    runner.quantum = quantum or 1
    return LoadedModel(
        runner=runner,
        tokenizer=tokenizer,
        info=info,
        blocks=blocks,
        device=str(device),
        dtype=str(dtype).removeprefix("torch."),
        kernel=f"torch {torch.__version__} {torch.backends.cpu.get_cpu_capability()}, {threads} threads"
        if device.type == "cpu"
        else "torch",
        batch_invariant=quantum is not None,
        longest_step_seconds=longest,
    )


def _invariant_quantum(settings: Settings, model: Transformer, device: torch.device) -> int | None:
    """The row count that keeps BATCH_INVARIANT, or None where it is off or, under auto, can't be kept.

    Raises SettingsError where it is on and can't be kept.
    """
    if settings.batch_invariant == "off":
        return None
    try:
        if device.type != "cpu":
            raise SettingsError(f"BATCH_INVARIANT=on is proven on the CPU only, not on {device}. Use auto or off.")
        return invariant_quantum(model, settings.max_running + settings.step_tokens)
    except SettingsError:
        if settings.batch_invariant == "on":
            raise
        return None


def _cache_blocks(settings: Settings, architecture: Architecture, dtype: torch.dtype, device: torch.device) -> int:
    """Blocks of the cache: CACHE_TOKENS, else what every running sequence could use, within a share of free memory."""
    per_block = bytes_per_token(architecture, dtype) * BLOCK_TOKENS
    room = free_memory(device) // per_block
    if settings.cache_tokens is not None:
        blocks = blocks_for(settings.cache_tokens)
        if blocks > room:
            raise SettingsError(
                f"CACHE_TOKENS={settings.cache_tokens} takes {blocks * per_block >> 20} MiB; {room * per_block >> 20} MiB are free."
            )
        return blocks
    wanted = settings.max_running * blocks_for(architecture.sequence_len)
    blocks = min(wanted, int(room * _CACHE_SHARE.get(device.type, 0.25)))
    if blocks < blocks_for(architecture.sequence_len):
        raise SettingsError(
            f"Too little memory: a cache for one full context takes {blocks_for(architecture.sequence_len) * per_block >> 20} MiB."
        )
    return blocks
