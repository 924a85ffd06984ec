"""Which cache blocks are free, which are held and by how many, and which can be found again by what they hold.

It deals in integers and digests and knows no tensor and no sequence.
"""

from __future__ import annotations

import heapq
from array import array
from collections import OrderedDict
from collections.abc import Sequence as Several
from hashlib import blake2b

# Positions a block holds; where a row's bits depend on how a prompt was cut, chunks end at its multiples, so that a block's
# content never depends on it.
BLOCK_TOKENS = 64


def blocks_for(tokens: int) -> int:
    """Blocks that hold `tokens` positions."""
    return -(-tokens // BLOCK_TOKENS)


def block_key(parent: bytes, tokens: Several[int], salt: bytes = b"") -> bytes:
    """Names a full block by its tokens and, through the key of the block before it (empty for none), by all before them.

    A cryptographic digest of 256 bits (BLAKE2b, RFC 7693): nobody finds two texts of one key, so none is shared wrongly.
    """
    return blake2b(parent + array("I", tokens).tobytes() + salt, digest_size=32).digest()


def root_key(salt: str | None) -> bytes:
    """What stands for the block before a sequence's first: nothing, or a digest of the salt, without which nobody finds its blocks."""
    if salt is None:
        return b""
    # Half a surrogate pair is text too, as far as JSON is concerned.
    return blake2b(salt.encode("utf-8", "surrogatepass"), digest_size=32).digest()


class BlockPool:
    """A fixed number of blocks with references.

    A block without one that was entered under a key stays findable until it is reused, least recently used first. Others are
    handed out before, lowest first, so that a lone sequence's blocks are neighbours and need no gathering.
    """

    def __init__(self, blocks: int) -> None:
        self.size = blocks
        self._blank = list(range(blocks))
        self._idle: OrderedDict[int, None] = OrderedDict()
        self._references = [0] * blocks
        self._keys: list[bytes | None] = [None] * blocks
        self._found: dict[bytes, int] = {}

    @property
    def free(self) -> int:
        """Blocks that nobody holds, those that can still be found among them."""
        return len(self._blank) + len(self._idle)

    @property
    def used(self) -> int:
        return self.size - self.free

    def take(self) -> int | None:
        """A block for new content, held once, or None when all are held. What it held before can't be found any more."""
        if self._blank:
            block = heapq.heappop(self._blank)
        elif self._idle:
            block, _ = self._idle.popitem(last=False)
            key, self._keys[block] = self._keys[block], None
            if key is not None:
                del self._found[key]
        else:
            return None
        self._references[block] = 1
        return block

    def find(self, key: bytes) -> int | None:
        """The block that was entered under this key."""
        return self._found.get(key)

    def is_idle(self, block: int) -> bool:
        """Whether nobody holds the block."""
        return self._references[block] == 0

    def share(self, blocks: Several[int]) -> None:
        """Hold blocks that were found, once more each."""
        for block in blocks:
            if self._references[block] == 0:
                del self._idle[block]
            self._references[block] += 1

    def enter(self, block: int, key: bytes) -> None:
        """Make a held block findable; its content is computed and changes no more. Of two under one key a held one stays found.

        Raises ValueError for a block that is not held or has a key: it would be shared wrongly.
        """
        if self._references[block] == 0 or self._keys[block] is not None:
            raise ValueError(f"block {block} is not held, or can be found already")
        known = self._found.get(key)
        if known is not None:
            if self._references[known]:
                return
            del self._idle[known]
            self._keys[known] = None
            heapq.heappush(self._blank, known)
        self._found[key] = block
        self._keys[block] = key

    def give_back(self, blocks: Several[int]) -> None:
        """Let go of blocks, which are in order of position: the last becomes idle first, so that no block outlives its parent.

        Raises ValueError on one that is not held: a block freed twice would be shared wrongly.
        """
        for block in reversed(blocks):
            if self._references[block] == 0:
                raise ValueError(f"block {block} is not held")
            self._references[block] -= 1
            if self._references[block]:
                continue
            if self._keys[block] is None:
                heapq.heappush(self._blank, block)
            else:
                self._idle[block] = None
