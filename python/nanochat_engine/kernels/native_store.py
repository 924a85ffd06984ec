"""Keys and values as the native attention reads them in place."""

from __future__ import annotations

import torch
from torch import Tensor

from nanochat_engine.cache.blocks import BLOCK_TOKENS
from nanochat_engine.model.architecture import Architecture


class NativeStore:
    """Per layer keys (blocks + 1, kv_heads, head_dim, 64), transposed, and values (blocks + 1, kv_heads, 64, head_dim).

    The last block is scratch for padding rows; layers with a window have `windowed_blocks` instead.
    """

    def __init__(
        self,
        architecture: Architecture,
        blocks: int,
        windowed_blocks: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        a = architecture
        self.scratch_slot = blocks * BLOCK_TOKENS
        self.windowed_scratch_slot = windowed_blocks * BLOCK_TOKENS
        sizes = [blocks if window is None else windowed_blocks for window in a.windows]
        # Untouched pages cost no memory; no row sees a slot that was not written.
        self.keys: list[Tensor] = [
            torch.empty((size + 1, a.n_kv_head, a.head_dim, BLOCK_TOKENS), dtype=dtype, device=device) for size in sizes
        ]
        self.values: list[Tensor] = [
            torch.empty((size + 1, a.n_kv_head, BLOCK_TOKENS, a.head_dim), dtype=dtype, device=device) for size in sizes
        ]
