"""Sequences share the blocks of what they have in common, and layers with a window keep no more than it reaches."""

from __future__ import annotations

from nanochat_engine.cache.blocks import BLOCK_TOKENS, root_key
from nanochat_engine.cache.manager import BlockManager, BlockTable, CacheSize, windowed_blocks_for

WINDOW = 100


def table_of(tokens: int, prompt: int | None = None, *, first: int = 0) -> BlockTable:
    return BlockTable([first, *range(1, tokens)], tokens if prompt is None else prompt)


def computed(cache: BlockManager, table: BlockTable) -> BlockTable:
    """Compute all of a table's tokens, a block at a time."""
    found = cache.find(table)
    cache.attach(table, found)
    for position in range(found * BLOCK_TOKENS, len(table.ids), BLOCK_TOKENS):
        end = min(position + BLOCK_TOKENS, len(table.ids))
        assert cache.reserve(table, position, end)
        cache.enter(table, end)
    return table


def test_full_blocks_are_found_by_others_while_they_are_held_and_after() -> None:
    cache = BlockManager(CacheSize(8))
    first = computed(cache, table_of(200))
    second = table_of(300)
    assert cache.find(second) == 3
    cache.attach(second, 3)
    assert second.blocks == first.blocks[:3]
    cache.release(first)
    cache.release(second)
    assert cache.pool.used == 0
    assert cache.find(table_of(200)) == 3


def test_blocks_of_another_salt_or_of_none_are_not_found() -> None:
    cache = BlockManager(CacheSize(32))
    roots = [root_key(salt) for salt in (None, "alice", "bob")]

    def salted(root: bytes) -> BlockTable:
        table = table_of(200)
        table.root = root
        return table

    for root in roots:
        assert cache.find(salted(root)) == 0
        computed(cache, salted(root))
    assert [cache.find(salted(root)) for root in roots] == [3, 3, 3]


def test_one_token_at_least_is_left_to_compute() -> None:
    cache = BlockManager(CacheSize(8))
    cache.release(computed(cache, table_of(128)))
    assert cache.find(table_of(128)) == 1
    assert cache.find(table_of(129)) == 2


def test_another_first_token_shares_nothing() -> None:
    cache = BlockManager(CacheSize(8))
    computed(cache, table_of(200))
    assert cache.find(table_of(200, first=9)) == 0


def test_a_block_is_not_found_before_it_is_full_and_computed() -> None:
    cache = BlockManager(CacheSize(8))
    table = table_of(130)
    cache.reserve(table, 0, 130)
    assert cache.find(table_of(130)) == 0
    cache.enter(table, 127)
    assert cache.find(table_of(130)) == 1


def test_switched_off_nothing_is_found() -> None:
    cache = BlockManager(CacheSize(8), reuse=False)
    computed(cache, table_of(200))
    assert cache.find(table_of(200)) == 0


def test_generated_blocks_are_found_by_prompts_only_where_their_bits_are_the_same() -> None:
    found = {}
    for reuse_generated in (False, True):
        cache = BlockManager(CacheSize(8), reuse_generated=reuse_generated)
        cache.release(computed(cache, table_of(300, prompt=100)))
        found[reuse_generated] = cache.find(table_of(300))
        # A sequence with the same prompt computes them alike: one that was put back, or is resumed.
        assert cache.find(table_of(300, prompt=100)) == 4
    assert found == {False: 1, True: 4}


def test_layers_with_a_window_keep_only_what_the_next_row_sees() -> None:
    cache = BlockManager(CacheSize(32, 8, WINDOW))
    assert cache.windowed is not None
    table = computed(cache, table_of(20 * BLOCK_TOKENS))
    assert cache.pool.used == 20
    # The last row was at 19 * 64 or later, and saw what begins at 19 * 64 - 100, in block 17.
    assert cache.windowed.used == 3
    assert table.windowed[:17] == (cache.windowed.size,) * 17
    assert len(set(table.windowed[17:])) == 3
    cache.release(table)
    assert (cache.pool.used, cache.windowed.used) == (0, 0)


def test_a_prefix_is_found_as_far_as_the_window_behind_its_end_is_kept() -> None:
    cache = BlockManager(CacheSize(64, 8, WINDOW))
    assert cache.windowed is not None
    cache.release(computed(cache, table_of(20 * BLOCK_TOKENS)))
    again = table_of(20 * BLOCK_TOKENS)
    assert cache.find(again) == 19
    cache.attach(again, 19)
    # The row at 19 * 64 sees what begins in block 17.
    assert again.windowed[:17] == (cache.windowed.size,) * 17
    assert cache.windowed.size not in again.windowed[17:]
    # Of the older blocks the layers with a window have only the last eight: an early end of the common text is not found.
    assert cache.find(table_of(5 * BLOCK_TOKENS)) == 0
    assert cache.find(table_of(14 * BLOCK_TOKENS + 1)) == 14


def test_what_a_request_would_wait_for_is_told() -> None:
    cache = BlockManager(CacheSize(32))
    running, waiting = table_of(300), table_of(310)
    assert cache.find(running) == 0
    assert cache.awaits(waiting, cache.find(waiting), running)
    cache.reserve(running, 0, 300)
    cache.enter(running, 300)
    assert cache.find(waiting) == 4
    assert not cache.awaits(waiting, 4, running)


def test_room_counts_blocks_that_nobody_holds_but_not_those_about_to_be_shared() -> None:
    cache = BlockManager(CacheSize(5))
    cache.release(computed(cache, table_of(300, first=1)))
    assert cache.fits(table_of(300), 0)
    computed(cache, table_of(128, first=2))
    assert not cache.fits(table_of(300), 0)
    kept = table_of(300, first=1)
    assert cache.find(kept) < 4, "some of it was reused"
    assert not cache.fits(kept, cache.find(kept))


def test_the_windows_pool_is_never_larger_than_the_other() -> None:
    assert windowed_blocks_for(4, WINDOW, 16, 512) == 4
    assert windowed_blocks_for(4096, WINDOW, 16, 512) == 2 * 16 * 4 + 8
