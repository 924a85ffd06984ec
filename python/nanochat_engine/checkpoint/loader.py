"""The public face of `checkpoint/`: inspect a checkpoint without allocating a tensor, then load it.

Everything that can be refused is refused by `inspect`. It knows no device but the machine's memory, and builds no model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import torch

from nanochat_engine.checkpoint.files import CheckpointFiles, find_checkpoint
from nanochat_engine.checkpoint.headers import TensorHeader, read_headers
from nanochat_engine.checkpoint.layout import check_layout
from nanochat_engine.checkpoint.mapping import map_parts
from nanochat_engine.checkpoint.memory import total_memory
from nanochat_engine.checkpoint.meta import read_meta
from nanochat_engine.checkpoint.recognition import build_architecture
from nanochat_engine.checkpoint.tokenizer_file import read_tokenizer
from nanochat_engine.checkpoint.transformers_config import read_transformers_config
from nanochat_engine.checkpoint.transformers_tokenizer import read_transformers_tokenizer
from nanochat_engine.checkpoint.transformers_weights import read_weights
from nanochat_engine.config import Settings
from nanochat_engine.errors import CheckpointCorrupt, CheckpointUnsupported
from nanochat_engine.model.architecture import Architecture
from nanochat_engine.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Inspection:
    """A checkpoint that passed every check, before its weights are read.

    parts: the tensors of each file, by nanochat's names. parameters: numbers in all tensors, padding included.
    """

    files: CheckpointFiles
    architecture: Architecture
    parts: dict[Path, dict[str, TensorHeader]]
    tokenizer: Tokenizer
    parameters: int

    @property
    def headers(self) -> dict[str, TensorHeader]:
        return {name: header for part in self.parts.values() for name, header in part.items()}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A loaded checkpoint.

    tensors: by upstream's names without `_orig_mod.`, in the dtypes stored, as private views of the mapped file: whoever
    keeps one copies it. Value embeddings may have vocab_size rows where wte has padded_vocab_size.
    """

    architecture: Architecture
    tensors: dict[str, torch.Tensor]
    tokenizer: Tokenizer
    model_id: str
    directory: Path
    step: int | None
    parameters: int


def inspect(settings: Settings) -> Inspection:
    """Find and check the checkpoint that the settings name. Reads the meta file, the tokenizer and the headers of the tensors.

    Raises CheckpointNotFound, CheckpointCorrupt, CheckpointUnsafe, CheckpointUnsupported or SettingsError, naming the file.
    """
    try:
        files = find_checkpoint(settings.model, tag=settings.model_tag, step=settings.model_step)
        described = read_transformers_config(files.meta) if files.is_transformers else None
        config = described.sizes if described else read_meta(files.meta)
        parts = read_weights(files.model) if described else {files.model: read_headers(files.model)}
        tokenizer = (read_transformers_tokenizer if described else read_tokenizer)(files.tokenizer)
    except OSError as error:
        raise CheckpointCorrupt(f"{error.filename or settings.model} can't be read: {error.strerror}") from error
    shapes = {name: header.shape for part in parts.values() for name, header in part.items()}
    if len(shapes) != sum(len(part) for part in parts.values()):
        raise CheckpointCorrupt(f"{files.model} holds a tensor in two files")
    architecture = build_architecture(config, shapes, settings)
    if described:
        softcap = architecture.softcap if settings.model_softcap is not None else described.softcap
        architecture = replace(architecture, softcap=softcap, rope_base=described.rope_base)
    check_layout(architecture, shapes, str(files.model))
    if tokenizer.vocab_size != config.vocab_size:
        raise CheckpointCorrupt(
            f"{files.tokenizer} has {tokenizer.vocab_size} tokens, but {files.meta} says vocab_size {config.vocab_size}: "
            "they do not belong together"
        )
    parameters = sum(prod(shape) for shape in shapes.values())
    _check_memory(parameters, settings)
    return Inspection(files, architecture, parts, tokenizer, parameters)


def load_checkpoint(settings: Settings, progress: Callable[[float], None] | None = None) -> Checkpoint:
    """Inspect, then read the weights. progress is called with 0 to 1 as the file is read. Raises as `inspect` does."""
    inspection = inspect(settings)
    return Checkpoint(
        architecture=inspection.architecture,
        tensors=map_parts(inspection.parts, progress),
        tokenizer=inspection.tokenizer,
        model_id=settings.model_id,
        directory=inspection.files.directory,
        step=inspection.files.step,
        parameters=inspection.parameters,
    )


def _check_memory(parameters: int, settings: Settings) -> None:
    """Refuse what can never fit: the mapped file need not, but the model built from it must."""
    if settings.device.startswith("cuda") or (settings.device == "auto" and torch.cuda.is_available()):
        return
    needed = parameters * (4 if settings.dtype == "float32" else 2)
    total = total_memory()
    if total is not None and needed > total:
        raise CheckpointUnsupported(
            f"{settings.model} needs at least {needed / 2**30:.1f} GiB; this machine has {total / 2**30:.1f} GiB"
        )
