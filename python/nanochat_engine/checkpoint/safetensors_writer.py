"""Writes a safetensors file piece by piece, so that no more than a piece of a tensor is held at once. Knows no nanochat."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import BinaryIO

import torch

from nanochat_engine.checkpoint.safetensors_file import DTYPE_NAMES, LENGTH_BYTES, METADATA

ALIGNMENT = 64
PIECE_BYTES = 16 << 20

Layout = Mapping[str, tuple[torch.dtype, tuple[int, ...]]]


def in_file_order(layout: Layout) -> list[str]:
    """Names in the order in which the file holds them: those first whose size keeps the next one aligned to 64 bytes."""
    return sorted(layout, key=lambda name: size_of(*layout[name]) % ALIGNMENT != 0)


def size_of(dtype: torch.dtype, shape: tuple[int, ...]) -> int:
    """Bytes of a tensor."""
    return math.prod(shape) * dtype.itemsize


def safetensors_header(layout: Layout, metadata: Mapping[str, str]) -> bytes:
    """The head of the file up to the first tensor's bytes, padded so that these are aligned to 64 bytes."""
    described: dict[str, object] = {METADATA: dict(metadata)}
    end = 0
    for name in in_file_order(layout):
        dtype, shape = layout[name]
        start, end = end, end + size_of(dtype, shape)
        described[name] = {"dtype": DTYPE_NAMES[dtype], "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(described, separators=(",", ":")).encode()
    text += b" " * (-(LENGTH_BYTES + len(text)) % ALIGNMENT)
    return len(text).to_bytes(LENGTH_BYTES, "little") + text


def write_tensor(file: BinaryIO, tensor: torch.Tensor, dtype: torch.dtype) -> None:
    """Append a contiguous tensor in `dtype`, in pieces."""
    flat = tensor.reshape(-1)
    step = PIECE_BYTES // dtype.itemsize
    for start in range(0, flat.numel(), step):
        piece = flat[start : start + step].to(dtype)
        file.write(piece.view(torch.uint8).numpy().data)
