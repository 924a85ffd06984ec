"""From settings to a model that is ready to step: read, build, choose the row count, size the cache, warm up.

All of it runs on the engine thread, so that health answers meanwhile.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from nanochat_engine.cache.blocks import blocks_for
from nanochat_engine.cache.manager import CacheSize, windowed_blocks_for
from nanochat_engine.cache.store import BlockStore, bytes_per_block
from nanochat_engine.checkpoint.loader import Inspection, inspect
from nanochat_engine.checkpoint.mapping import map_parts
from nanochat_engine.config import Settings
from nanochat_engine.device import choose_device, choose_dtype, free_memory, use_threads
from nanochat_engine.errors import SettingsError
from nanochat_engine.kept.copies import Copies
from nanochat_engine.kept.measurements import Measured, Measurements, conditions
from nanochat_engine.kernels.library import Library, load_library
from nanochat_engine.kernels.native_model import NativeModel, unsupported
from nanochat_engine.kernels.native_store import NativeStore
from nanochat_engine.kernels.packing import Packing
from nanochat_engine.kernels.plan import Plan, build_pieces, shape_of
from nanochat_engine.model.architecture import Architecture, Generation
from nanochat_engine.model.rows import invariant_quantum
from nanochat_engine.model.transformer import Transformer
from nanochat_engine.model.weights import assemble, pieces
from nanochat_engine.runner import Runner
from nanochat_engine.snapshot import EngineState, ModelInfo
from nanochat_engine.tokenizer.tokenizer import Tokenizer
from nanochat_engine.warm_up import WarmUp

_log = logging.getLogger(__name__)

# The most of free memory that the cache takes where no setting says.
_CACHE_SHARE = {"cpu": 0.25, "cuda": 0.85, "mps": 0.25}
# As many as CACHE_TOKENS can ask for.
_MOST_BLOCKS = 1 << 26
# BATCH_INVARIANT=auto keeps the promise while a lone stream's step costs less than this factor more.
_INVARIANT_COST = 1.10
# Parameters below which measuring takes less than reading what was measured is worth.
_WORTH_KEEPING = 16_000_000


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that can step, and what health says of it.

    row_exact: its kernels give a row the same bits however it is computed: alone, in any chunk of a prompt, in any company.
    """

    runner: Runner
    tokenizer: Tokenizer
    info: ModelInfo
    cache: CacheSize
    row_exact: bool
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
    report("loading", "load", 0.0)
    inspection = inspect(settings)
    architecture = inspection.architecture
    _log.info(
        "checkpoint read",
        extra={"directory": str(inspection.files.directory), "generation": architecture.generation.value},
    )
    if architecture.generation is Generation.G3:
        _log.info(
            "G3 and its softcap of 20 (2026-03-02 to 03-09) look alike: set MODEL_SOFTCAP=20 if the model is of those days"
        )
    threads = use_threads(settings, inspection.parameters)
    library = _library(settings, architecture, device)
    dtype = choose_dtype(settings, device, inspection.parameters, native=library is not None)
    plan = Plan(dtype, settings.quantization, packed=library is not None)
    built = _pieces(settings, inspection, plan, device, lambda share: report("loading", "load", share))
    report("warming", "warm", 0.0)
    cache = _cache_size(settings, architecture, dtype, device)
    model: Transformer | None = None
    if library is not None:
        native = NativeModel(
            architecture,
            built,
            _packings(inspection, plan),
            NativeStore(architecture, cache.blocks, cache.windowed_blocks, dtype, device),
            dtype,
            library,
            threads,
            settings.step_tokens + settings.max_running,
        )
        runner = Runner(native, native.store, device, quantum=1, beat=beat, sampler=native.sample)
    else:
        model = assemble(architecture, built, device)
        store = BlockStore(architecture, cache.blocks, cache.windowed_blocks, dtype, device)
        runner = Runner(model, store, device, quantum=1, beat=beat)
    warm_up = WarmUp(runner, inspection.tokenizer, cache, architecture.sequence_len, inspection.parameters)
    kernel = _kernel(library, device, threads)
    measured = _measure(settings, inspection, model, warm_up, device, conditions(settings, architecture, plan, kernel))
    runner.quantum = measured.quantum or 1
    return LoadedModel(
        runner=runner,
        tokenizer=inspection.tokenizer,
        info=ModelInfo(
            id=settings.model_id,
            generation=architecture.generation.value,
            context_length=architecture.sequence_len,
            vocab_size=architecture.vocab_size,
            parameters=inspection.parameters,
        ),
        cache=cache,
        row_exact=library is not None,
        device=str(device),
        dtype=str(dtype).removeprefix("torch."),
        kernel=kernel,
        batch_invariant=measured.quantum is not None,
        longest_step_seconds=measured.longest_step_seconds,
    )


def _library(settings: Settings, architecture: Architecture, device: torch.device) -> Library | None:
    """The native kernels where they are there and compute this model, None for PyTorch's.

    Raises SettingsError where KERNELS asks for native ones that can't be had.
    """
    asked = settings.kernels not in ("auto", "torch")
    if device.type != "cpu":
        if asked:
            raise SettingsError(f"KERNELS={settings.kernels} computes on the CPU, not on {device}. Use auto or torch.")
        return None
    reason = unsupported(architecture)
    if reason is None:
        return load_library(settings.kernels)
    if asked:
        raise SettingsError(f"KERNELS={settings.kernels} can't compute this model ({reason}). Use auto or torch.")
    return None


def _kernel(library: Library | None, device: torch.device, threads: int) -> str:
    if library is not None:
        return f"native {library.variant}, {threads} threads"
    if device.type == "cpu":
        return f"torch {torch.__version__} {torch.backends.cpu.get_cpu_capability()}, {threads} threads"
    return "torch"


def _pieces(
    settings: Settings, inspection: Inspection, plan: Plan, device: torch.device, progress: Callable[[float], None]
) -> dict[str, Tensor]:
    """The model's pieces: of a mapped converted copy where there is one or one can be written, else from the checkpoint itself."""
    if settings.kept_dir is not None:
        mapped = Copies(settings.kept_dir / "converted").pieces(inspection, plan, progress)
        if mapped is not None:
            return mapped
    return build_pieces(inspection.architecture, map_parts(inspection.parts), plan, device, progress)


def _packings(inspection: Inspection, plan: Plan) -> dict[str, Packing]:
    shapes = {name: header.shape for name, header in inspection.headers.items()}
    found = {piece.name: plan.packing(piece, shape_of(piece, shapes)) for piece in pieces(inspection.architecture)}
    return {name: packing for name, packing in found.items() if packing is not None}


def _measure(
    settings: Settings,
    inspection: Inspection,
    model: Transformer | None,
    warm_up: WarmUp,
    device: torch.device,
    key: str,
) -> Measured:
    """Warm up, and choose the row count: by measuring, or for a large model as an earlier start here has measured.

    model: PyTorch's; None where the native kernels compute, whose rows are the same in any number.
    """
    kept = None
    if settings.kept_dir is not None and device.type == "cpu" and inspection.parameters >= _WORTH_KEEPING:
        kept = Measurements(settings.kept_dir / "measurements.json")
    known = kept.find(key) if kept else None
    if known is not None:
        warm_up.brief()
        return known
    longest = warm_up.run(settings.max_running, settings.step_tokens)
    quantum = 1 if model is None else _invariant_quantum(settings, model, device)
    if model is not None and quantum is not None and settings.batch_invariant == "auto":
        quantum = None if warm_up.cost(quantum) >= _INVARIANT_COST else quantum
    measured = Measured(quantum, longest)
    if kept:
        kept.keep(key, measured)
    return measured


def _invariant_quantum(settings: Settings, model: Transformer, device: torch.device) -> int | None:
    """The row count that keeps BATCH_INVARIANT, or None where it is off or, under auto, can't be kept.

    Raises SettingsError where it is on and can't be kept.
    """
    if settings.batch_invariant == "off":
        return None
    try:
        if device.type != "cpu":
            raise SettingsError(f"BATCH_INVARIANT=on is proven on the CPU only, not on {device}. Use auto or off.")
        # Logits are computed for sequences' last rows alone.
        return invariant_quantum(model, settings.max_running + settings.step_tokens, settings.max_running)
    except SettingsError:
        if settings.batch_invariant == "on":
            raise
        return None


def _cache_size(settings: Settings, architecture: Architecture, dtype: torch.dtype, device: torch.device) -> CacheSize:
    """The cache by CACHE_TOKENS, else by CACHE_MEMORY_SHARE, else what all running sequences could use within a share of memory.

    Raises SettingsError where it does not fit, or holds less than one context.
    """
    window = next((window for window in architecture.windows if window is not None), None)
    context = blocks_for(architecture.sequence_len)

    def sized(blocks: int) -> CacheSize:
        if window is None:
            return CacheSize(blocks)
        return CacheSize(
            blocks, windowed_blocks_for(blocks, window, settings.max_running, settings.step_tokens), window
        )

    def taken(size: CacheSize) -> int:
        whole, windowed = bytes_per_block(architecture, dtype)
        return size.blocks * whole + size.windowed_blocks * windowed

    room = free_memory(device)
    if settings.cache_tokens is not None:
        size = sized(blocks_for(settings.cache_tokens))
        if taken(size) > room:
            raise SettingsError(
                f"CACHE_TOKENS={settings.cache_tokens} takes {taken(size) >> 20} MiB; {room >> 20} MiB are free."
            )
        return size
    # Of those that start together each sees the same memory as free.
    room //= settings.device_workers
    share, most = settings.cache_memory_share, _MOST_BLOCKS
    if share is None:
        share, most = _CACHE_SHARE.get(device.type, 0.25), settings.max_running * context
    # The largest that fits: what a cache takes grows with its blocks.
    blocks = bisect_right(range(most + 1), share * room, key=lambda count: taken(sized(count))) - 1
    if blocks < context:
        raise SettingsError(f"Too little memory: a cache for one full context takes {taken(sized(context)) >> 20} MiB.")
    return sized(blocks)
