"""The rows of one forward pass: tokens of many sequences laid end to end, without padding between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor


class Segment(NamedTuple):
    """Neighbouring rows of one sequence whose attention is computed together.

    rows [row, row + length) stand at positions [start, start + length); they attend to keys [0, start + length).
    blocks: the sequence's cache blocks in order, at least enough for start + length positions.
    windowed: the same for layers with a window, in the blocks of their own pool; blocks that no row's window reaches are
    the scratch block. Empty where the model has no such layer.
    """

    row: int
    start: int
    length: int
    blocks: tuple[int, ...]
    windowed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """token_ids, previous_ids, positions, slots, windowed_slots: (rows,) int64; segments cover the first rows, then comes padding.

    previous_ids: the token before each row's, any id where the position is 0. slots: where a row's key and value are
    kept; padding rows point at the cache's scratch block. windowed_slots: the same in layers with a window; not read
    where the model has none. logit_rows: (n,) the rows whose logits are wanted. scored_rows: (m,) rows whose logits are wanted
    besides, after those; None in most steps.
    """

    token_ids: Tensor
    previous_ids: Tensor
    positions: Tensor
    slots: Tensor
    windowed_slots: Tensor
    segments: tuple[Segment, ...]
    logit_rows: Tensor
    scored_rows: Tensor | None = None
