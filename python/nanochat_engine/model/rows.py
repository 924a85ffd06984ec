"""How many rows a step's linear layers run on, so that a row's result does not depend on how many run beside it.

A matrix library takes another kernel, with another order of accumulation, for few rows or for the rows left over at the
end: on one processor rows {1}, {2, 3} and {4 and more} differ in float32, on another every count below 12 that four does
not divide. Which counts agree is measured at start on the model's own layers, and steps are padded to such a count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from nanochat_engine.errors import SettingsError

_QUANTA = (1, 4, 8, 16, 32)


@torch.inference_mode()
def invariant_quantum(model: nn.Module, max_rows: int, head_rows: int | None = None) -> int:
    """The smallest number such that each linear layer gives a row the same bits at every multiple of it up to max_rows.

    head_rows: the most rows that the layer `head` runs on, where that is fewer: it is by far the largest layer.
    Raises SettingsError where there is none: this device can't promise BATCH_INVARIANT=on.
    """
    layers = [(layer, head_rows or max_rows if name == "head" else max_rows) for name, layer in _distinct(model)]
    # The narrowest first: a quantum that fails is found out cheaply.
    layers.sort(key=lambda item: item[0].weight.numel())
    for quantum in _QUANTA:
        if all(_agrees(layer, _capped(quantum, rows)) for layer, rows in layers):
            return quantum
    raise SettingsError(
        "BATCH_INVARIANT=on can't be kept here: this device's matrix products differ at every row count tried. Use auto or off."
    )


def _capped(quantum: int, max_rows: int) -> list[int]:
    return sorted({min(count, -(-max_rows // quantum) * quantum) for count in _counts(quantum, max_rows)})


def _counts(quantum: int, max_rows: int) -> Iterator[int]:
    """Multiples of quantum: each one up to 40, where kernels change, then some around powers of two up to max_rows."""
    count = quantum
    while count <= max_rows + quantum:
        yield count
        count += quantum if count < 40 else max(quantum, count // 3 // quantum * quantum)
    yield -(-max_rows // quantum) * quantum


def _distinct(model: nn.Module) -> Iterable[tuple[str, nn.Linear]]:
    """One layer of each shape and stride, and the head: the kernel is chosen by these alone."""
    linear = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.Linear)]
    return {(name == "head", m.in_features, m.out_features): (name, m) for name, m in linear}.values()


def _agrees(layer: nn.Linear, counts: list[int]) -> bool:
    generator = torch.Generator().manual_seed(layer.in_features)
    rows = torch.randn(counts[-1], layer.in_features, generator=generator).to(layer.weight.device, layer.weight.dtype)
    whole: Tensor = layer(rows)
    # Rows are also moved, so that each meets every place of a tile.
    moved: Tensor = layer(rows.roll(1, 0))
    if not torch.equal(moved[1:], whole[:-1]):
        return False
    return all(torch.equal(layer(rows[:count]), whole[:count]) for count in counts)
