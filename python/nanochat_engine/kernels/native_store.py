"""Keys and values as the native attention reads them in place."""

from __future__ import annotations

import torch
from torch import Tensor

from nanochat_engine.cache.blocks import BLOCK_TOKENS
from nanochat_engine.cache.store import LayerBlocks
from nanochat_engine.model.architecture import Architecture


class NativeStore(LayerBlocks):
    """Per layer keys (blocks + 1, kv_heads, head_dim, 64), transposed, and values (blocks + 1, kv_heads, 64, head_dim)."""

    def __init__(
        self,
        architecture: Architecture,
        blocks: int,
        windowed_blocks: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        super().__init__(architecture, blocks, windowed_blocks)
        a = architecture
        # Untouched pages cost no memory; no row sees a slot that was not written.
        self.keys: list[Tensor] = [
            torch.empty((count, a.n_kv_head, a.head_dim, BLOCK_TOKENS), dtype=dtype, device=device)
            for count in self.per_layer
        ]
        self.values: list[Tensor] = [
            torch.empty((count, a.n_kv_head, BLOCK_TOKENS, a.head_dim), dtype=dtype, device=device)
            for count in self.per_layer
        ]
