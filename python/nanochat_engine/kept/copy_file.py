"""One converted copy: a safetensors file of the model's pieces, with a checksum in its header. Written whole, then only mapped."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from nanochat_engine.checkpoint.mapping import view_file
from nanochat_engine.checkpoint.safetensors_file import DTYPES_WITH_BYTES, read_safetensors_header
from nanochat_engine.checkpoint.safetensors_writer import (
    ALIGNMENT,
    in_file_order,
    safetensors_header,
    size_of,
    write_tensor,
)
from nanochat_engine.errors import CheckpointError
from nanochat_engine.kept.page_sums import page_sums
from nanochat_engine.kernels.plan import Plan, shape_of
from nanochat_engine.model.weights import Piece

Progress = Callable[[float], None]
Described = dict[str, tuple[torch.dtype, tuple[int, ...]]]

BLANK = "0" * 64
# The shares of a conversion's progress: writing, then reading it once for the checksum.
WRITING = 0.8


class CopyDamaged(Exception):
    """The file is not what was written: to be written again."""


def describe(wanted: list[Piece], shapes: Mapping[str, tuple[int, ...]], plan: Plan) -> Described:
    """dtype and shape of each piece as the plan keeps it, from the shapes of the checkpoint's tensors."""
    return {piece.name: plan.described(piece, shape_of(piece, shapes)) for piece in wanted}


def open_copy(path: Path, described: Described, progress: Progress) -> dict[str, Tensor]:
    """The pieces as views of the mapped file, after its checksum was verified: no copy, and shared between processes.

    Raises FileNotFoundError, CopyDamaged, OSError.
    """
    with path.open("rb") as file:
        try:
            headers, metadata = read_safetensors_header(path, DTYPES_WITH_BYTES)
        except CheckpointError as error:
            raise CopyDamaged(error.message) from error
        found = {name: (header.dtype, header.shape) for name, header in headers.items()}
        if found != described:
            raise CopyDamaged(f"{path} does not hold the model's tensors")
        first = min(header.record.offset for header in headers.values())
        checksum = metadata.get("checksum", "")
        head = os.pread(file.fileno(), first, 0)
        if page_sums(file.fileno(), first, _blanked(head, checksum), progress) != checksum:
            raise CopyDamaged(f"{path} has another checksum than when it was written")
        return {name: _aligned(tensor) for name, tensor in view_file(file, headers).items()}


def write_copy(
    path: Path,
    wanted: list[Piece],
    described: Described,
    plan: Plan,
    tensors: Mapping[str, Tensor],
    progress: Progress,
) -> None:
    """Write a new file tensor by tensor, a few MiB at a time. It is not yet on the disk: the caller flushes and renames it.

    Raises OSError; the file is then gone.
    """
    # A new file, never the old one cut short: another process may still have that mapped.
    path.unlink(missing_ok=True)
    head = safetensors_header(described, {"format": "pt", "checksum": BLANK})
    total = len(head) + sum(size_of(*entry) for entry in described.values())
    by_name = {piece.name: piece for piece in wanted}
    try:
        with path.open("xb") as file:
            _reserve(file.fileno(), total)
            file.write(head)
            for name in in_file_order(described):
                piece = by_name[name]
                for part in plan.made(piece, [tensors[source] for source in piece.sources]):
                    write_tensor(file, part, described[name][0])
                progress(WRITING * file.tell() / total)
            file.flush()
        with path.open("r+b") as file:
            checksum = page_sums(
                file.fileno(), len(head), head, lambda share: progress(WRITING + (1 - WRITING) * share)
            )
            os.pwrite(file.fileno(), head.replace(BLANK.encode(), checksum.encode()), 0)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise


def map_copy(path: Path) -> dict[str, Tensor]:
    """The pieces of a file that this process has just written."""
    headers, _ = read_safetensors_header(path, DTYPES_WITH_BYTES)
    with path.open("rb") as file:
        return {name: _aligned(tensor) for name, tensor in view_file(file, headers).items()}


def _blanked(head: bytes, checksum: str) -> bytes:
    return head.replace(checksum.encode(), BLANK.encode()) if len(checksum) == len(BLANK) else b""


def _reserve(descriptor: int, size: int) -> None:
    """Take the room at once, so that a full disk is told before anything is written."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)


def _aligned(tensor: Tensor) -> Tensor:
    """Matrices lie aligned in the file; a small tensor at its end may not."""
    return tensor if tensor.data_ptr() % ALIGNMENT == 0 or math.prod(tensor.shape) == 0 else tensor.clone()
