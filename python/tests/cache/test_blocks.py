"""The block pool: what is taken is held by one, and what is given back can be taken again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanochat_engine.cache.blocks import BlockPool, blocks_for


@given(size=st.integers(0, 20), moves=st.lists(st.booleans(), max_size=100))
def test_no_block_is_held_twice_and_none_is_lost(size: int, moves: list[bool]) -> None:
    pool = BlockPool(size)
    held: list[int] = []
    for take in moves:
        if take:
            block = pool.take()
            assert (block is None) == (len(held) == size)
            if block is not None:
                assert block not in held
                held.append(block)
        elif held:
            pool.give_back([held.pop(0)])
        assert pool.used == len(held)
        assert pool.free == size - len(held)


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


def test_a_part_of_a_block_takes_a_whole_one() -> None:
    assert [blocks_for(tokens) for tokens in (0, 1, 64, 65, 128)] == [0, 1, 1, 2, 2]
