"""Weights in the order in which the native kernels read them: panels of 16 outputs, the inputs running slowest within one.

native/nanochat.h describes the formats; a packed matrix is one tensor of bytes, its scales behind its data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

from nanochat_engine.quantization.grid import INT4, INT8, Grid

PANEL = 16
# Outputs are padded to what a thread takes at once: four panels.
OUTPUTS = 64
# Outputs that are packed at once, so that packing takes little memory beside the matrix.
_CHUNK = 1024


class Format(IntEnum):
    """nc_format of native/nanochat.h."""

    F32 = 0
    BF16 = 1
    INT8 = 2
    INT4 = 3

    @property
    def grid(self) -> Grid | None:
        return {Format.INT8: INT8, Format.INT4: INT4}.get(self)

    @property
    def bits(self) -> int:
        return {Format.F32: 32, Format.BF16: 16, Format.INT8: 8, Format.INT4: 4}[self]


@dataclass(frozen=True, slots=True)
class Packing:
    """How a matrix (outputs, inputs) lies in its bytes: data first, then the scales of a quantized one."""

    format: Format
    outputs: int
    inputs: int

    @property
    def panels(self) -> int:
        return -(-self.outputs // OUTPUTS) * OUTPUTS // PANEL

    @property
    def padded_inputs(self) -> int:
        grid = self.format.grid
        return self.inputs if grid is None else grid.padded(self.inputs)

    @property
    def data_bytes(self) -> int:
        return self.panels * PANEL * self.padded_inputs * self.format.bits // 8

    @property
    def size(self) -> int:
        """Bytes of the packed matrix."""
        grid = self.format.grid
        scales = 0 if grid is None else self.panels * PANEL * (self.padded_inputs // grid.group) * 2
        return self.data_bytes + scales

    def pack(self, parts: Sequence[Tensor]) -> Iterator[Tensor]:
        """The packed bytes of the matrices `parts`, one above the other, piece by piece in order."""
        scales: list[Tensor] = []
        for rows in _chunks(parts, self.panels * PANEL):
            data, scale = _packed(self.format, rows)
            yield data
            if scale is not None:
                scales.append(scale)
        yield from scales


def _chunks(parts: Sequence[Tensor], outputs: int) -> Iterator[Tensor]:
    """Rows of `parts` in order, _CHUNK at a time, with rows of zeros up to `outputs`."""
    whole = torch.cat([part.detach() for part in parts]) if len(parts) > 1 else parts[0].detach()
    for start in range(0, outputs, _CHUNK):
        rows = whole[start : start + _CHUNK]
        missing = min(_CHUNK, outputs - start) - len(rows)
        yield torch.cat((rows, rows.new_zeros(missing, whole.shape[1]))) if missing else rows


def _packed(format: Format, rows: Tensor) -> tuple[Tensor, Tensor | None]:
    """Bytes of a multiple of 16 rows, and of their scales."""
    panels, inputs = len(rows) // PANEL, rows.shape[1]
    if format is Format.F32:
        return _bytes(rows.float().view(panels, PANEL, inputs).transpose(1, 2)), None
    if format is Format.BF16:
        pairs = rows.to(torch.bfloat16).view(panels, PANEL, inputs // 2, 2)
        return _bytes(pairs.transpose(1, 2)), None
    grid = format.grid
    if grid is None:
        raise AssertionError(format)
    levels, scales = grid.round(rows)
    packed_scales = _bytes(scales.view(panels, PANEL, -1).transpose(1, 2))
    if format is Format.INT8:
        words = (levels.to(torch.int16) + 128).to(torch.uint8).view(panels, PANEL, -1, 4)
        return _bytes(words.transpose(1, 2)), packed_scales
    halves = (levels + 8).to(torch.uint8).view(panels, PANEL, -1, 2, 4)
    words = halves[:, :, :, 0] | halves[:, :, :, 1] << 4
    return _bytes(words.transpose(1, 2)), packed_scales


def _bytes(tensor: Tensor) -> Tensor:
    return tensor.contiguous().view(torch.uint8).reshape(-1)
