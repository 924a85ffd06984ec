"""Reads model_*.pt: first what each tensor claims to be, without allocating any, then the tensors over the mapped file.

The pickle inside is read as a description, never by torch's own unpickler, so one parser decides both what is checked
and what is built. Knows torch's file format; must not know nanochat's architecture.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from nanochat_engine.checkpoint.archive import BoundedFile, Record, read_archive, read_record
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
READ_CHUNK = 8 << 20


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
        if file.peek(1)[:1] == b"\x80":
            _refuse_bare_pickle(file, source)
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


def map_tensors(
    path: Path, headers: Mapping[str, TensorHeader], progress: Callable[[float], None] | None = None
) -> dict[str, torch.Tensor]:
    """The tensors, as views of the file mapped privately: reading one takes no memory that the kernel can't take back.

    The file is read once in order first, so that progress (0 to 1) is real and a failing disk is an error, not a signal.
    Whoever keeps a tensor must copy it: the view changes if the file is overwritten in place.
    """
    try:
        with path.open("rb") as file:
            _read_through(file.fileno(), path, progress)
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError) as error:
        raise CheckpointCorrupt(f"{path} can't be read: {error}") from error
    if any(header.record.offset + header.record.size > len(mapped) for header in headers.values()):
        raise CheckpointCorrupt(f"{path} became shorter while it was read")
    return {name: _view(mapped, header) for name, header in headers.items()}


def _view(mapped: mmap.mmap, header: TensorHeader) -> torch.Tensor:
    count = math.prod(header.shape)
    return torch.frombuffer(mapped, dtype=header.dtype, count=count, offset=header.record.offset).view(header.shape)


def _read_through(descriptor: int, path: Path, progress: Callable[[float], None] | None) -> None:
    length, done = path.stat().st_size, 0
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        buffer = bytearray(min(READ_CHUNK, max(length, 1)))
        while count := file.readinto(buffer):
            done += count
            if progress is not None:
                progress(min(1.0, done / length))


def _refuse_bare_pickle(file: BoundedFile, source: str) -> None:
    """Name what a pickle outside any archive asks for; torch's old format falls through to its own message."""
    if file.peek(3)[:3] != b"\x80\x02\x8a":
        read_pickle(file.read(), source=source, allowed=ALLOWED)


def _header(value: Any, records: Mapping[str, Record], used: set[str], what: str) -> TensorHeader:
    if type(value) is Instance and value.function == REBUILD_PARAMETER and value.args:
        value = value.args[0]
    if type(value) is not Instance or value.function != REBUILD_TENSOR or len(value.args) not in (6, 7) or value.state:
        raise CheckpointCorrupt(f"{what} is not a plain tensor")
    storage, start, shape, stride = value.args[:4]
    dtype, key, length = _storage(storage, what)
    if not _is_sizes(shape) or not _is_sizes(stride) or len(shape) != len(stride) or type(start) is not int:
        raise CheckpointCorrupt(f"{what} has no readable shape")
    count = math.prod(shape)
    if start != 0 or count != length or not _is_contiguous(shape, stride):
        raise CheckpointUnsafe(
            f"{what} claims shape {list(shape)} over {length} stored numbers; it must be stored whole and contiguous"
        )
    record = records.get(f"data/{key}")
    if record is None:
        raise CheckpointCorrupt(f"{what} has no data in the file")
    if record.size != count * dtype.itemsize or record.offset % dtype.itemsize:
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


def _is_sizes(value: Any) -> bool:
    return (
        type(value) is tuple
        and len(value) <= MAX_DIMENSIONS
        and all(type(size) is int and 0 < size < 1 << 40 for size in value)
    )


def _is_contiguous(shape: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    expected = 1
    for size, step in zip(reversed(shape), reversed(stride), strict=True):
        if size != 1 and step != expected:
            return False
        expected *= size
    return True
