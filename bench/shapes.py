"""The models that are measured, by name: d20-g0 is d20's shape of generation G0. Arithmetic on sizes; no weights."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"d([1-9]\d?)-(g[0-5][a-z]?)")
_GENERATIONS = {"g0": "G0", "g0p": "G0p", "g1": "G1", "g2": "G2", "g3": "G3", "g3c": "G3c", "g4": "G4", "g5": "G5"}
_HEAD_DIM = 128
_WIDTH_A_LAYER = 64

# Bytes of a weight as each QUANTIZATION keeps it; scales and zero points, under a tenth of it, are left out of a floor.
_QUANTIZED_BYTES = {"int8": 1.0, "int4": 0.5}
DTYPE_BYTES = {"bfloat16": 2.0, "float32": 4.0, "float16": 2.0}


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes by nanochat's rule: 64 channels a layer, heads of 128, an MLP four times as wide."""

    layers: int
    generation: str
    vocab: int = 65_536

    @property
    def name(self) -> str:
        return f"d{self.layers}-{self.generation.lower()}"

    @property
    def heads(self) -> int:
        return max(1, -(-self.layers * _WIDTH_A_LAYER // _HEAD_DIM))

    @property
    def width(self) -> int:
        return self.heads * _HEAD_DIM

    @property
    def products(self) -> list[tuple[int, int]]:
        """(outputs, inputs) of the matrix products of one layer for one step: q, k and v, the output, the MLP's two."""
        d = self.width
        return [(3 * d, d), (d, d), (4 * d, d), (d, 4 * d)]

    @property
    def matrix_weights(self) -> int:
        """Weights that a decode step reads: every matrix and the head once. Embeddings give up a row a token."""
        return self.layers * sum(outputs * inputs for outputs, inputs in self.products) + self.vocab * self.width


def parse_shape(name: str) -> Shape:
    """Raises ValueError for a name that is not such as d20-g0."""
    match = _NAME.fullmatch(name)
    if match is None or match[2] not in _GENERATIONS:
        raise ValueError(f"{name} is not a shape and a generation such as d20-g0")
    return Shape(int(match[1]), _GENERATIONS[match[2]])


def step_bytes(shape: Shape, quantization: str, dtype: str) -> float:
    """Bytes of weights that one decode step has to read, whatever its number of streams."""
    return shape.matrix_weights * _QUANTIZED_BYTES.get(quantization, DTYPE_BYTES[dtype])


def step_operations(shape: Shape, rows: int) -> float:
    """Floating-point operations of the matrix products over `rows` rows, the head on one of them."""
    layers = shape.matrix_weights - shape.vocab * shape.width
    return 2.0 * (layers * rows + shape.vocab * shape.width)
