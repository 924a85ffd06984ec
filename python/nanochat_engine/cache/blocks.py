"""Which cache blocks are free and which are held. It deals in integers and knows no tensor and no sequence."""

from __future__ import annotations

import heapq

# Positions a block holds; prompts are also computed in chunks that end at its multiples, so that a block's content
# never depends on how a prompt was cut into steps.
BLOCK_TOKENS = 64


def blocks_for(tokens: int) -> int:
    """Blocks that hold `tokens` positions."""
    return -(-tokens // BLOCK_TOKENS)


class BlockPool:
    """A fixed number of blocks, handed out lowest first, so that a lone sequence's blocks are neighbours and need no gathering."""

    def __init__(self, blocks: int) -> None:
        self.size = blocks
        self._free = list(range(blocks))
        self._held = [False] * blocks

    @property
    def free(self) -> int:
        return len(self._free)

    @property
    def used(self) -> int:
        return self.size - len(self._free)

    def take(self) -> int | None:
        """A free block, or None when all are held."""
        if not self._free:
            return None
        block = heapq.heappop(self._free)
        self._held[block] = True
        return block

    def give_back(self, blocks: list[int]) -> None:
        """Free blocks that were taken. Raises ValueError on one that was not: a block freed twice would be shared wrongly."""
        for block in blocks:
            if not self._held[block]:
                raise ValueError(f"block {block} is not held")
            self._held[block] = False
            heapq.heappush(self._free, block)
