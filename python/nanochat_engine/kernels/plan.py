"""How each piece of a model is kept: in which numbers, and in which order for which kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nanochat_engine.kernels.packing import Format, Packing
from nanochat_engine.model.architecture import Architecture
from nanochat_engine.model.weights import Piece, pieces
from nanochat_engine.quantization.grid import INT4, INT8, Grid

# Rows that are converted at once, so that converting takes little memory beside the model.
_ROWS = 4096
_GRIDS = {"int8": INT8, "int4": INT4}


@dataclass(frozen=True, slots=True)
class Plan:
    """dtype: of embeddings, cache and unquantized matrices. quantization: none, int8 or int4. packed: for the native kernels."""

    dtype: torch.dtype
    quantization: str = "none"
    packed: bool = False

    @property
    def key(self) -> str:
        """A name of the plan for files made by it."""
        dtype = str(self.dtype).removeprefix("torch.")
        quantized = "" if self.quantization == "none" else f"-{self.quantization}"
        return f"{dtype}{quantized}{'-packed' if self.packed else ''}"

    def packing(self, piece: Piece, shape: Sequence[int]) -> Packing | None:
        """How a matrix of `shape` is packed; None for what stays as it is."""
        if not self.packed or not piece.matrix:
            return None
        return Packing(self._format(piece), shape[0], shape[1])

    def described(self, piece: Piece, shape: tuple[int, ...]) -> tuple[torch.dtype, tuple[int, ...]]:
        """dtype and shape in which a piece of `shape` is kept."""
        packing = self.packing(piece, shape)
        return (piece.dtype(self.dtype), shape) if packing is None else (torch.uint8, (packing.size,))

    def made(self, piece: Piece, sources: Sequence[Tensor]) -> Iterator[Tensor]:
        """The piece's values in order, part by part, in the dtype that `described` says."""
        packing = self.packing(
            piece, shape_of(piece, {name: t.shape for name, t in zip(piece.sources, sources, strict=True)})
        )
        if packing is not None:
            yield from packing.pack(sources)
            return
        grid = self._grid(piece)
        for source in sources:
            for rows in torch.split(source, _ROWS):
                yield (rows if grid is None else grid.restore(rows)).to(piece.dtype(self.dtype))

    def _format(self, piece: Piece) -> Format:
        grid = self._grid(piece)
        if grid is not None:
            return Format.INT8 if grid is INT8 else Format.INT4
        return Format.F32 if self.dtype == torch.float32 else Format.BF16

    def _grid(self, piece: Piece) -> Grid | None:
        if not piece.matrix:
            return None
        # The head decides between tokens: 4 bits cost it more than they save.
        return _GRIDS.get("int8" if piece.name == "head" and self.quantization == "int4" else self.quantization)


def build_pieces(
    architecture: Architecture,
    tensors: Mapping[str, Tensor],
    plan: Plan,
    device: torch.device,
    progress: Callable[[float], None] = lambda share: None,
) -> dict[str, Tensor]:
    """The model's pieces as the plan keeps them on `device`, one by one, so that the peak is one piece above the model.

    tensors: every name that the generation has, of the right shape; `checkpoint/` has checked that.
    """
    wanted = pieces(architecture)
    built: dict[str, Tensor] = {}
    for number, piece in enumerate(wanted, 1):
        sources = [tensors[name].to(device) for name in piece.sources]
        dtype, shape = plan.described(piece, shape_of(piece, {name: tensors[name].shape for name in piece.sources}))
        # Memory of our own: a mapped file's pages could be changed under us, and its alignment is the file's.
        whole = torch.empty(shape, dtype=dtype, device=device)
        filled = 0
        for part in plan.made(piece, sources):
            whole.view(-1)[filled : filled + part.numel()].copy_(part.reshape(-1))
            filled += part.numel()
        built[piece.name] = whole
        progress(number / len(wanted))
    return built


def shape_of(piece: Piece, shapes: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    """The shape of a piece whose sources have these shapes: they stand one above the other."""
    rows = sum(shapes[name][0] for name in piece.sources)
    return (rows, *shapes[piece.sources[0]][1:])
