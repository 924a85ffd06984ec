"""Causal attention of one segment over the keys and values that its sequence has in the cache.

Segments are computed one by one, so that a row's result depends on its own sequence and never on its company.
"""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from nanochat_engine.model.batch import Segment


class KeyValueStore(Protocol):
    """Where keys and values are kept between steps; `cache/` implements it."""

    def write(self, layer: int, slots: Tensor, keys: Tensor, values: Tensor) -> None:
        """Keep keys and values, each (rows, kv_heads, head_dim), at slots (rows,)."""

    def read(self, layer: int, blocks: tuple[int, ...], first: int, last: int) -> tuple[Tensor, Tensor]:
        """Keys and values of positions [first, last), each (kv_heads, last - first, head_dim)."""


def segment_masks(
    segments: tuple[Segment, ...], windows: set[int | None], device: torch.device
) -> dict[tuple[int, int | None], Tensor]:
    """Boolean masks (length, keys) of the segments that need one, by (segment number, window); True may be seen."""
    masks: dict[tuple[int, int | None], Tensor] = {}
    for number, segment in enumerate(segments):
        if segment.length == 1:
            continue
        for window in windows:
            first = first_key(segment.start, window)
            rows = torch.arange(segment.start, segment.start + segment.length, device=device).unsqueeze(1)
            columns = torch.arange(first, segment.start + segment.length, device=device).unsqueeze(0)
            mask = columns <= rows
            if window is not None:
                mask &= rows - columns <= window
            masks[number, window] = mask
    return masks


def first_key(start: int, window: int | None) -> int:
    """The first position that a query at `start` sees: row - col <= window."""
    return 0 if window is None else max(0, start - window)


def attend(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax(q k^T / sqrt(d)) v with grouped heads: q (length, heads, d), k and v (kv_heads, n, d) to (length, heads * d)."""
    length, heads, dim = queries.shape
    out = F.scaled_dot_product_attention(
        queries.transpose(0, 1).unsqueeze(0),
        keys.unsqueeze(0),
        values.unsqueeze(0),
        attn_mask=mask,
        enable_gqa=heads != keys.shape[0],
    )
    return out.squeeze(0).transpose(0, 1).reshape(length, heads * dim)
