"""Which blocks each sequence holds, in layers that see everything and in layers with a window, and which it can share.

Two pools of one kind: a window's layers keep only what some query can still see, so theirs is smaller (the hybrid cache of
vLLM's design documents). Integers alone: no torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nanochat_engine.cache.blocks import BLOCK_TOKENS, BlockPool, block_key, blocks_for


@dataclass(frozen=True, slots=True)
class CacheSize:
    """Blocks of layers that see everything, and of those with a window.

    window: how many positions back a query sees (row - col <= window), None where no layer has a window.
    """

    blocks: int
    windowed_blocks: int = 0
    window: int | None = None


def windowed_blocks_for(blocks: int, window: int, max_running: int, step_tokens: int) -> int:
    """Blocks for layers with a window beside `blocks` for the others.

    Twice what the running sequences' windows need, so that as many conversations again can be found, and a step's rows.
    """
    return min(blocks, 2 * max_running * (blocks_for(window) + 2) + blocks_for(step_tokens))


@dataclass(slots=True)
class BlockTable:
    """One sequence's blocks, by position // BLOCK_TOKENS. ids: its tokens, which grow; the first prompt_tokens are its prompt.

    windowed: the same in layers with a window; the first `dropped` entries are the scratch block, as no window reaches them.
    entered: full, computed blocks that others can find. keys: of full blocks, as far as they were asked for. root: what their
    chain begins with (blocks.root_key); tables of another root share nothing with this one.
    """

    ids: list[int]
    prompt_tokens: int
    blocks: tuple[int, ...] = ()
    windowed: tuple[int, ...] = ()
    dropped: int = 0
    entered: int = 0
    keys: list[bytes] = field(default_factory=list)
    root: bytes = b""


class BlockManager:
    """Gives sequences their blocks, and finds those that hold the start of their tokens already.

    reuse: whether anything is found. reuse_generated: whether blocks that hold generated tokens are found by prompts; where a
    row's bits depend on how it was computed, only a sequence with the same prompt finds them, as it would compute them alike.
    """

    def __init__(self, size: CacheSize, *, reuse: bool = True, reuse_generated: bool = False) -> None:
        self.pool = BlockPool(size.blocks)
        self.windowed = BlockPool(size.windowed_blocks) if size.window is not None else None
        self._window = size.window or 0
        self._reuse = reuse
        self._reuse_generated = reuse_generated

    @property
    def available(self) -> int:
        """New blocks that any sequence could take now."""
        return self.pool.free if self.windowed is None else min(self.pool.free, self.windowed.free)

    def find(self, table: BlockTable) -> int:
        """How many blocks of the sequence's start are in the cache; at least one token is left, whose logits are wanted."""
        most = self._shareable(table)
        keys = self._keys(table, most)
        count = next((i for i in range(most) if self.pool.find(keys[i]) is None), most)
        if self.windowed is None:
            return count
        while count:
            # A windowed layer needs only the blocks that the next row's window reaches.
            reached = range(self._first_reached(count * BLOCK_TOKENS), count)
            missing = next((i for i in reversed(reached) if self.windowed.find(keys[i]) is None), None)
            if missing is None:
                break
            count = missing
        return count

    def awaits(self, table: BlockTable, found: int, other: BlockTable) -> bool:
        """Whether the block after the `found` ones is one that `other`, a running sequence, is about to compute."""
        if found >= self._shareable(table) or not other.entered <= found < len(other.keys):
            return False
        return other.keys[found] == table.keys[found]

    def fits(self, table: BlockTable, found: int) -> bool:
        """Whether there is room for the sequence's tokens and one more, beside what is held."""
        new = blocks_for(len(table.ids) + 1) - found
        idle = sum(self.pool.is_idle(block) for block in self._found(self.pool, table, 0, found))
        if new + idle > self.pool.free:
            return False
        if self.windowed is None:
            return True
        first = self._first_reached(found * BLOCK_TOKENS)
        idle = sum(self.windowed.is_idle(block) for block in self._found(self.windowed, table, first, found))
        return min(new, blocks_for(self._window) + 1) + idle <= self.windowed.free

    def attach(self, table: BlockTable, found: int) -> None:
        """Hold the `found` first blocks for a sequence that holds none."""
        table.blocks = self._found(self.pool, table, 0, found)
        self.pool.share(table.blocks)
        table.entered = found
        if self.windowed is not None:
            table.dropped = self._first_reached(found * BLOCK_TOKENS)
            reached = self._found(self.windowed, table, table.dropped, found)
            self.windowed.share(reached)
            table.windowed = (self.windowed.size,) * table.dropped + reached

    def reserve(self, table: BlockTable, computed: int, tokens: int) -> bool:
        """Hold blocks for the first `tokens` positions, of which `computed` are computed; all that are missing, or none."""
        missing = blocks_for(tokens) - len(table.blocks)
        if missing <= 0:
            return True
        if self.windowed is not None:
            self._drop(self.windowed, table, computed)
        if missing > self.available:
            return False
        table.blocks += _take(self.pool, missing)
        if self.windowed is not None:
            table.windowed += _take(self.windowed, missing)
        return True

    def enter(self, table: BlockTable, computed: int) -> None:
        """Make the blocks findable that are full of computed tokens."""
        full = computed // BLOCK_TOKENS
        if not self._reuse or full <= table.entered:
            return
        keys = self._keys(table, full)
        for i in range(table.entered, full):
            self.pool.enter(table.blocks[i], keys[i])
            if self.windowed is not None:
                self.windowed.enter(table.windowed[i], keys[i])
        table.entered = full

    def release(self, table: BlockTable) -> None:
        """Let go of all blocks; those that were entered can be found until they are reused."""
        self.pool.give_back(table.blocks)
        if self.windowed is not None:
            self.windowed.give_back(table.windowed[table.dropped :])
        table.blocks = table.windowed = ()
        table.dropped = table.entered = 0

    def _shareable(self, table: BlockTable) -> int:
        return (len(table.ids) - 1) // BLOCK_TOKENS if self._reuse else 0

    def _keys(self, table: BlockTable, count: int) -> list[bytes]:
        """The keys of the sequence's full blocks, at least `count`."""
        keys = table.keys
        while len(keys) < count:
            start, end = len(keys) * BLOCK_TOKENS, (len(keys) + 1) * BLOCK_TOKENS
            generated = end > table.prompt_tokens and not self._reuse_generated
            salt = table.prompt_tokens.to_bytes(8, "little") if generated else b""
            keys.append(block_key(keys[-1] if keys else table.root, table.ids[start:end], salt))
        return keys

    def _found(self, pool: BlockPool, table: BlockTable, first: int, last: int) -> tuple[int, ...]:
        found = (pool.find(key) for key in table.keys[first:last])
        return tuple(block for block in found if block is not None)

    def _first_reached(self, position: int) -> int:
        """The first block that the window of a query at `position` reaches."""
        return max(0, position - self._window) // BLOCK_TOKENS

    def _drop(self, pool: BlockPool, table: BlockTable, computed: int) -> None:
        """Let go of blocks that no row from `computed` on can see."""
        first = self._first_reached(computed)
        if first > table.dropped:
            pool.give_back(table.windowed[table.dropped : first])
            table.windowed = (pool.size,) * first + table.windowed[first:]
            table.dropped = first


def _take(pool: BlockPool, count: int) -> tuple[int, ...]:
    """Blocks of a pool that has them."""
    taken = (pool.take() for _ in range(count))
    return tuple(block for block in taken if block is not None)
