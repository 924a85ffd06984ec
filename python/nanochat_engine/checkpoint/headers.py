"""Reads the headers of model_*.pt: what each tensor claims to be, checked against the file, without allocating any.

The pickle inside is read as a description, never by torch's own unpickler, so one parser decides both what is checked
and what is built. Knows torch's file format; must not know nanochat's architecture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from nanochat_engine.checkpoint.archive import MAX_READ, SIGNATURE, BoundedFile, Record, read_archive, read_record
from nanochat_engine.checkpoint.pickle_reader import Global, Instance, PersistentId, read_pickle
from nanochat_engine.errors import CheckpointCorrupt, CheckpointUnsafe, CheckpointUnsupported

REBUILD_TENSOR = Global("torch._utils", "_rebuild_tensor_v2")
REBUILD_PARAMETER = Global("torch._utils", "_rebuild_parameter")
DTYPES = {
    Global("torch", "FloatStorage"): torch.float32,
    Global("torch", "BFloat16Storage"): torch.bfloat16,
    Global("torch", "HalfStorage"): torch.float16,
}
# Known so that a wrong dtype is told by name; none of them is ever built.
OTHER_STORAGES = frozenset(
    Global("torch", f"{kind}Storage") for kind in ("Double", "Long", "Int", "Short", "Char", "Byte", "Bool")
)
ALLOWED = frozenset({REBUILD_TENSOR, REBUILD_PARAMETER}) | frozenset(DTYPES) | OTHER_STORAGES

COMPILED_PREFIX = "_orig_mod."
MAX_DIMENSIONS = 4
SHOWN_HEAD = 64
GIT_LFS = b"version https://git-lfs"
LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


@dataclass(frozen=True, slots=True)
class TensorHeader:
    """A contiguous tensor and the range of the file that holds it; its size in bytes agrees with its shape."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    record: Record


def read_headers(path: Path) -> dict[str, TensorHeader]:
    """What a model file claims to hold, by upstream's names; the prefix of torch.compile is removed. Allocates no tensor.

    Raises CheckpointUnsafe for code, compression or tensors larger than their bytes; CheckpointCorrupt; CheckpointUnsupported.
    """
    source = str(path)
    with BoundedFile(path) as file:
        _check_head(file, source)
        records = read_archive(file, source)
        if "data.pkl" not in records:
            raise CheckpointCorrupt(f"{source} has no data.pkl, so torch.save did not write it")
        if "byteorder" in records and read_record(file, records["byteorder"]) != b"little":
            raise CheckpointUnsupported(f"{source} was written on a big-endian machine")
        described = read_pickle(read_record(file, records["data.pkl"]), source=source, allowed=ALLOWED)
    if type(described) is not dict or not described:
        raise CheckpointCorrupt(f"{source} does not hold a dict of tensors")
    headers: dict[str, TensorHeader] = {}
    used: set[str] = set()
    for name, value in described.items():
        if type(name) is not str:
            raise CheckpointCorrupt(f"{source} holds a tensor without a name")
        plain = name.removeprefix(COMPILED_PREFIX)
        if plain in headers:
            raise CheckpointCorrupt(f"{source} holds {plain[:100]} twice, with and without {COMPILED_PREFIX}")
        headers[plain] = _header(value, records, used, f"{source}: {plain[:100]}")
    return headers


def _check_head(file: BoundedFile, source: str) -> None:
    """Say what a file is that is no archive: most often a pointer of Git LFS, an old format, or a pickle with code in it."""
    head = file.peek(SHOWN_HEAD)[:SHOWN_HEAD]
    if head.startswith(SIGNATURE):
        return
    if head.startswith(GIT_LFS):
        raise CheckpointCorrupt(f"{source} is a pointer of Git LFS, not the file itself; fetch it with git lfs pull")
    if head.startswith(LEGACY_MAGIC):
        raise CheckpointUnsupported(f"{source} is in torch's format before 1.6; save it again with a current torch")
    with suppress(CheckpointCorrupt):  # a pickle without an archive: what would run code is told by name
        read_pickle(file.read(min(file.length, MAX_READ)), source=source, allowed=ALLOWED)
    raise CheckpointCorrupt(f"{source} is not an archive that torch.save writes")


def _header(value: Any, records: Mapping[str, Record], used: set[str], what: str) -> TensorHeader:
    if type(value) is Instance and value.function == REBUILD_PARAMETER and value.args:
        value = value.args[0]
    if type(value) is not Instance or value.function != REBUILD_TENSOR or len(value.args) not in (6, 7) or value.state:
        raise CheckpointCorrupt(f"{what} is not a plain tensor")
    storage, start, shape, stride = value.args[:4]
    dtype, key, length = _storage(storage, what)
    if not _is_sizes(shape, 1) or not _is_sizes(stride, 0) or len(shape) != len(stride) or type(start) is not int:
        raise CheckpointCorrupt(f"{what} has no readable shape")
    count = math.prod(shape)
    if start != 0 or count != length or not _is_contiguous(shape, stride):
        raise CheckpointUnsafe(
            f"{what} claims shape {list(shape)} over {length} stored numbers; it must be stored whole and contiguous"
        )
    record = records.get(f"data/{key}")
    if record is None:
        raise CheckpointCorrupt(f"{what} has no data in the file")
    if record.size != count * dtype.itemsize:
        raise CheckpointUnsafe(
            f"{what} claims shape {list(shape)} in {dtype}, but the file holds {record.size} bytes for it"
        )
    if key in used:
        raise CheckpointUnsafe(f"{what} shares its data with another tensor, so the file claims more than it holds")
    used.add(key)
    return TensorHeader(dtype, shape, record)


def _storage(storage: Any, what: str) -> tuple[torch.dtype, str, int]:
    """dtype, key and count of numbers of a storage reference: ("storage", class, key, location, count)."""
    reference = storage.value if type(storage) is PersistentId else None
    if type(reference) is not tuple or len(reference) != 5 or reference[0] != "storage":
        raise CheckpointCorrupt(f"{what} has no readable storage")
    _, kind, key, _, count = reference
    if type(kind) is not Global or type(key) is not str or len(key) > 20 or type(count) is not int:
        raise CheckpointCorrupt(f"{what} has no readable storage")
    if kind not in DTYPES:
        raise CheckpointUnsupported(f"{what} is a {kind.name}; weights are float32, bfloat16 or float16")
    return DTYPES[kind], key, count


def _is_sizes(value: Any, low: int) -> bool:
    if type(value) is not tuple or len(value) > MAX_DIMENSIONS:
        return False
    return all(type(size) is int and low <= size < 1 << 40 for size in value)


def _is_contiguous(shape: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    expected = 1
    for size, step in zip(reversed(shape), reversed(stride), strict=True):
        if size != 1 and step != expected:
            return False
        expected *= size
    return True
