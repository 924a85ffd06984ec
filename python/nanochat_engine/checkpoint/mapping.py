"""Maps the tensors of a model file whose headers have been checked. It decides nothing about what they should be."""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Callable, Mapping
from io import FileIO
from pathlib import Path
from typing import IO

import torch

from nanochat_engine.checkpoint.headers import TensorHeader
from nanochat_engine.errors import CheckpointCorrupt

READ_CHUNK = 8 << 20


def map_tensors(
    path: Path, headers: Mapping[str, TensorHeader], progress: Callable[[float], None] | None = None
) -> dict[str, torch.Tensor]:
    """The tensors, as views of the file mapped privately: reading one takes no memory that the kernel can't take back.

    The file is read once in order first, so that progress (0 to 1) is real and a failing disk is an error, not a signal.
    Whoever keeps a tensor must copy it: the view changes if the file is overwritten in place.
    """
    try:
        with path.open("rb", buffering=0) as file:
            _read_through(file, progress or _ignore)
            return view_file(file, headers)
    except OSError as error:
        raise CheckpointCorrupt(f"{path} can't be read: {error}") from error


def view_file(file: IO[bytes], headers: Mapping[str, TensorHeader]) -> dict[str, torch.Tensor]:
    """The tensors as views of an open file, mapped privately. Raises CheckpointCorrupt where they do not lie in it, OSError."""
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    if any(header.record.offset + header.record.size > len(mapped) for header in headers.values()):
        raise CheckpointCorrupt(f"{file.name} became shorter while it was read")
    return {name: _view(mapped, header) for name, header in headers.items()}


def map_parts(
    parts: Mapping[Path, Mapping[str, TensorHeader]], progress: Callable[[float], None] | None = None
) -> dict[str, torch.Tensor]:
    """The tensors of several files, as `map_tensors` gives them; progress is by file, within each by bytes."""
    tensors: dict[str, torch.Tensor] = {}
    for number, (path, headers) in enumerate(parts.items()):
        report = _share_of(progress or _ignore, number, len(parts))
        tensors |= map_tensors(path, headers, report)
    return tensors


def _share_of(progress: Callable[[float], None], number: int, count: int) -> Callable[[float], None]:
    return lambda done: progress((number + done) / count)


def _view(mapped: mmap.mmap, header: TensorHeader) -> torch.Tensor:
    start, size = header.record.offset, header.record.size
    if start % header.dtype.itemsize:
        # torch.save aligns its records; an archive packed again by another tool may not.
        return torch.frombuffer(bytearray(mapped[start : start + size]), dtype=header.dtype).view(header.shape)
    count = math.prod(header.shape)
    return torch.frombuffer(mapped, dtype=header.dtype, count=count, offset=start).view(header.shape)


def _read_through(file: FileIO, progress: Callable[[float], None]) -> None:
    length, done = max(1, os.fstat(file.fileno()).st_size), 0
    buffer = bytearray(min(READ_CHUNK, length))
    while count := file.readinto(buffer):
        done += count
        progress(min(1.0, done / length))


def _ignore(_: float) -> None:
    pass
