"""The block pool: what is taken is held, what is let go can be found until it is reused, and the least recently used goes first."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from nanochat_engine.cache.blocks import BLOCK_TOKENS, BlockPool, block_key, blocks_for


def key_of(path: tuple[int, ...]) -> bytes:
    """The key of the last of a chain of blocks, each named by one number."""
    key = b""
    for number in path:
        key = block_key(key, [number] * BLOCK_TOKENS)
    return key


class Pool(RuleBasedStateMachine):
    """Chains of blocks, as sequences hold them, beside a plain model of who holds what and who was let go when."""

    @initialize(size=st.integers(1, 12))
    def create(self, size: int) -> None:
        self.pool = BlockPool(size)
        self.chains: list[tuple[tuple[int, ...], list[int]]] = []
        self.content: dict[int, tuple[int, ...]] = {}
        self.released: list[int] = []

    @rule(path=st.lists(st.integers(0, 1), min_size=1, max_size=4).map(tuple))
    def hold(self, path: tuple[int, ...]) -> None:
        """Find as much of a chain as there is, and take and fill the rest of it while there are blocks."""
        blocks: list[int] = []
        while len(blocks) < len(path):
            block = self.pool.find(key_of(path[: len(blocks) + 1]))
            if block is None:
                break
            assert self.content[block] == path[: len(blocks) + 1], "a block is found under what it does not hold"
            blocks.append(block)
        self.pool.share(blocks)
        self.released = [block for block in self.released if block not in blocks]
        held = {block for _, chain in self.chains for block in chain}
        for end in range(len(blocks) + 1, len(path) + 1):
            taken = self.pool.take()
            if taken is None:
                assert len(held | set(blocks)) == self.pool.size, "a block is lost"
                break
            assert taken not in held and taken not in blocks, "a block is held by two that did not share it"
            blank = set(range(self.pool.size)) - held - set(blocks) - set(self.released)
            assert taken == (min(blank) if blank else self.released.pop(0)), "not the least recently used"
            self.content[taken] = path[:end]
            self.pool.enter(taken, key_of(path[:end]))
            blocks.append(taken)
        self.chains.append((path, blocks))

    @rule(which=st.integers(0, 11))
    def let_go(self, which: int) -> None:
        if which < len(self.chains):
            _, blocks = self.chains.pop(which)
            self.pool.give_back(blocks)
            held = {block for _, chain in self.chains for block in chain}
            self.released += [block for block in reversed(blocks) if block not in held]

    @invariant()
    def counts_agree(self) -> None:
        held = {block for _, chain in self.chains for block in chain}
        assert (self.pool.used, self.pool.free) == (len(held), self.pool.size - len(held))

    @invariant()
    def what_was_not_reused_is_found_and_no_block_outlives_its_parent(self) -> None:
        findable = {self.content[block] for _, chain in self.chains for block in chain}
        findable |= {self.content[block] for block in self.released}
        for path in findable:
            assert self.pool.find(key_of(path)) is not None
            assert len(path) == 1 or path[:-1] in findable


TestPool = Pool.TestCase
TestPool.settings = settings(deadline=None, max_examples=200, stateful_step_count=30)


def test_a_lone_sequence_gets_neighbouring_blocks() -> None:
    pool = BlockPool(8)
    assert [pool.take() for _ in range(4)] == [0, 1, 2, 3]


def test_a_block_freed_twice_is_an_error() -> None:
    pool = BlockPool(2)
    block = pool.take()
    assert block is not None
    pool.give_back([block])
    with pytest.raises(ValueError, match="not held"):
        pool.give_back([block])


def test_a_block_that_is_not_held_or_has_a_key_is_entered_by_nobody() -> None:
    pool = BlockPool(2)
    with pytest.raises(ValueError, match="not held"):
        pool.enter(0, b"a")
    block = pool.take()
    assert block is not None
    pool.enter(block, b"a")
    with pytest.raises(ValueError, match="found already"):
        pool.enter(block, b"b")


def test_of_two_blocks_with_one_content_the_one_in_use_is_found_and_the_other_is_free_at_once() -> None:
    pool = BlockPool(2)
    old, new = pool.take(), pool.take()
    assert old is not None
    assert new is not None
    pool.enter(old, b"a")
    pool.give_back([old])
    pool.enter(new, b"a")
    assert pool.find(b"a") == new
    assert pool.take() == old


def test_a_key_tells_what_comes_before_the_block_too() -> None:
    same = [7] * BLOCK_TOKENS
    assert key_of((1, 7)) != key_of((2, 7))
    assert block_key(b"", same) != block_key(b"", same, salt=b"1")


def test_a_part_of_a_block_takes_a_whole_one() -> None:
    assert [blocks_for(tokens) for tokens in (0, 1, 64, 65, 128)] == [0, 1, 1, 2, 2]
