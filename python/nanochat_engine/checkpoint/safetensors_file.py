"""Reads the header of a safetensors file: what each tensor claims to be, checked against the file, without allocating any.

The format: eight bytes of length, that much JSON, then the tensors' bytes side by side without gaps. Knows no nanochat.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from nanochat_engine.checkpoint.archive import Record
from nanochat_engine.checkpoint.headers import GIT_LFS, MAX_DIMENSIONS, TensorHeader
from nanochat_engine.errors import CheckpointCorrupt, CheckpointUnsafe, CheckpointUnsupported

LENGTH_BYTES = 8
MAX_HEADER = 4 << 20
METADATA = "__metadata__"
DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}
# What this server writes for itself may also be packed bytes.
DTYPES_WITH_BYTES = DTYPES | {"U8": torch.uint8}
DTYPE_NAMES = {dtype: name for name, dtype in DTYPES_WITH_BYTES.items()}


def read_safetensors_header(
    path: Path, dtypes: Mapping[str, torch.dtype] = DTYPES
) -> tuple[dict[str, TensorHeader], dict[str, str]]:
    """Tensors and metadata that a file claims to hold; each tensor's bytes lie in the file and none lie in two.

    dtypes: those that are read, by the format's names.
    Raises CheckpointCorrupt for a truncated or unreadable file, CheckpointUnsafe for a header too large or tensors that
    overlap or claim more than their bytes, CheckpointUnsupported for other dtypes, OSError.
    """
    source = str(path)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(LENGTH_BYTES)
        if len(head) < LENGTH_BYTES or GIT_LFS.startswith(head):
            is_pointer = len(head) == LENGTH_BYTES
            raise CheckpointCorrupt(
                f"{source} is a pointer of Git LFS, not the file itself; fetch it with git lfs pull"
                if is_pointer
                else f"{source} is truncated: it has {size} bytes"
            )
        length = int.from_bytes(head, "little")
        if length > MAX_HEADER:
            raise CheckpointUnsafe(f"{source} claims a header of {length} bytes; at most {MAX_HEADER} are read")
        if LENGTH_BYTES + length > size:
            raise CheckpointCorrupt(f"{source} is truncated: its header has {length} bytes, the file {size}")
        described = _json(file.read(length), source)
    metadata = _metadata(described.pop(METADATA, {}), source)
    first = LENGTH_BYTES + length
    headers = {name: _header(value, dtypes, first, f"{source}: {name[:100]}") for name, value in described.items()}
    _check_ranges(headers, first, size, source)
    return headers, metadata


def _json(text: bytes, source: str) -> dict[str, Any]:
    try:
        described = json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        raise CheckpointCorrupt(f"{source} has no readable header: {type(error).__name__}") from error
    if not isinstance(described, dict):
        raise CheckpointCorrupt(f"{source} has no readable header")
    return described


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _metadata(value: Any, source: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise CheckpointCorrupt(f"{source}: {METADATA} must map text to text")
    return value


def _header(value: Any, dtypes: Mapping[str, torch.dtype], first: int, what: str) -> TensorHeader:
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise CheckpointCorrupt(f"{what} is not described by dtype, shape and data_offsets")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in dtypes:
        raise CheckpointUnsupported(f"{what} is a {str(dtype)[:20]}; weights are F32, BF16 or F16")
    if not _is_whole(shape) or len(shape) > MAX_DIMENSIONS or not all(shape):
        raise CheckpointCorrupt(f"{what} has no readable shape")
    if not _is_whole(offsets) or len(offsets) != 2:
        raise CheckpointCorrupt(f"{what} has no readable data_offsets")
    start, end = offsets
    if end - start != math.prod(shape) * dtypes[dtype].itemsize:
        raise CheckpointUnsafe(f"{what} claims shape {shape} in {dtype}, but the file holds {end - start} bytes for it")
    return TensorHeader(dtypes[dtype], tuple(shape), Record(first + start, end - start))


def _is_whole(value: Any) -> bool:
    return isinstance(value, list) and all(type(number) is int and 0 <= number < 1 << 40 for number in value)


def _check_ranges(headers: Mapping[str, TensorHeader], first: int, size: int, source: str) -> None:
    """The tensors fill the rest of the file without gaps, as the format asks: a byte can't belong to two, or to none."""
    end = first
    for name, header in sorted(headers.items(), key=lambda item: item[1].record.offset):
        if header.record.offset < end:
            raise CheckpointUnsafe(f"{source}: {name[:100]} overlaps another tensor")
        if header.record.offset > end:
            raise CheckpointCorrupt(f"{source}: bytes before {name[:100]} belong to no tensor")
        end += header.record.size
        if end > size:
            raise CheckpointCorrupt(f"{source} is truncated: {name[:100]} ends at byte {end}, the file at {size}")
    if end != size:
        raise CheckpointCorrupt(f"{source} has {size - end} bytes that belong to no tensor")
