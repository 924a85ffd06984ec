"""The key and value tensors of every layer, in blocks. It implements model.attention.KeyValueStore."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from nanochat_engine.cache.blocks import BLOCK_TOKENS
from nanochat_engine.model.architecture import Architecture


def bytes_per_token(architecture: Architecture, dtype: torch.dtype) -> int:
    """Bytes that one position takes in the cache, keys and values of all layers, while every window reaches it."""
    return sum(bytes_per_block(architecture, dtype)) // BLOCK_TOKENS


def bytes_per_block(architecture: Architecture, dtype: torch.dtype) -> tuple[int, int]:
    """Bytes that a block takes in the cache: keys and values of the layers that see everything, and of those with a window."""
    a = architecture
    layer = 2 * a.n_kv_head * a.head_dim * BLOCK_TOKENS * dtype.itemsize
    whole = a.windows.count(None)
    return whole * layer, (a.n_layer - whole) * layer


class LayerBlocks:
    """How many blocks each layer has, one of them scratch, and the slots that padding rows write to and nobody reads.

    Layers with a window have `windowed_blocks` blocks, out of a pool of their own.
    """

    def __init__(self, architecture: Architecture, blocks: int, windowed_blocks: int) -> None:
        self.scratch_slot = blocks * BLOCK_TOKENS
        self.windowed_scratch_slot = windowed_blocks * BLOCK_TOKENS
        self.per_layer = [(blocks if window is None else windowed_blocks) + 1 for window in architecture.windows]


class BlockStore(LayerBlocks):
    """Keys and values, each layer (kv_heads, (blocks + 1) * BLOCK_TOKENS, head_dim); the last block is scratch for padding rows."""

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
        shapes = [(a.n_kv_head, count * BLOCK_TOKENS, a.head_dim) for count in self.per_layer]
        # Untouched pages cost no memory on the CPU; a mask never lets a row see a slot that was not written.
        self._keys = [torch.empty(shape, dtype=dtype, device=device) for shape in shapes]
        self._values = [torch.empty(shape, dtype=dtype, device=device) for shape in shapes]
        self._device = device

    def write(self, layer: int, slots: Tensor, keys: Tensor, values: Tensor) -> None:
        """Keep keys and values, each (rows, kv_heads, head_dim), at slots (rows,)."""
        self._keys[layer].index_copy_(1, slots, keys.transpose(0, 1))
        self._values[layer].index_copy_(1, slots, values.transpose(0, 1))

    def read(self, layer: int, blocks: tuple[int, ...], first: int, last: int) -> tuple[Tensor, Tensor]:
        """Keys and values of positions [first, last), each (kv_heads, last - first, head_dim); a view where the blocks are neighbours."""
        skip = first // BLOCK_TOKENS
        used = blocks[skip : -(-last // BLOCK_TOKENS)]
        start = first - skip * BLOCK_TOKENS
        count = last - first
        if used[-1] - used[0] == len(used) - 1 and all(b - a == 1 for a, b in pairwise(used)):
            origin = used[0] * BLOCK_TOKENS + start
            return self._keys[layer].narrow(1, origin, count), self._values[layer].narrow(1, origin, count)
        index = torch.tensor(used, device=self._device)
        return self._gather(self._keys[layer], index, start, count), self._gather(
            self._values[layer], index, start, count
        )

    @staticmethod
    def _gather(cache: Tensor, index: Tensor, start: int, count: int) -> Tensor:
        heads, slots, dim = cache.shape
        blocks = cache.view(heads, slots // BLOCK_TOKENS, BLOCK_TOKENS * dim).index_select(1, index)
        return blocks.view(heads, -1, dim).narrow(1, start, count)
