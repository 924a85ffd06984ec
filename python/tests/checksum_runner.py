"""A model without weights for tests of the scheduler: wrong shares, skipped and repeated positions are seen at once."""

from __future__ import annotations

import zlib
from collections.abc import Sequence as Several
from dataclasses import dataclass, field

from nanochat_engine.cache.blocks import BLOCK_TOKENS
from nanochat_engine.scheduler import Work
from nanochat_engine.sequence import Sequence
from nanochat_engine.step import Computed

WINDOW = 100
"""Tokens that the layers with a window see."""


def next_token(ids: Several[int]) -> int:
    """A checksum of all tokens before it."""
    return zlib.crc32(repr(list(ids)).encode()) % 256


def slot_of(blocks: Several[int], position: int) -> int:
    return blocks[position // BLOCK_TOKENS] * BLOCK_TOKENS + position % BLOCK_TOKENS


class Contents:
    """What the model would keep in one pool's slots: here a checksum of all tokens so far, so that a wrong share is seen."""

    def __init__(self) -> None:
        self.slots: dict[int, int] = {}

    def write(self, blocks: Several[int], ids: Several[int], start: int, end: int) -> None:
        past = zlib.crc32(bytes(ids[:start]))
        for position in range(start, end):
            past = zlib.crc32(bytes(ids[position : position + 1]), past)
            self.slots[slot_of(blocks, position)] = past

    def check(self, blocks: Several[int], ids: Several[int], first: int, end: int) -> None:
        """Positions [first, end) hold what computing `ids` gives."""
        past = zlib.crc32(bytes(ids[:first]))
        for position in range(first, end):
            past = zlib.crc32(bytes(ids[position : position + 1]), past)
            assert self.slots.get(slot_of(blocks, position)) == past, "a row sees what is not its own past"


@dataclass
class ChecksumRunner:
    """Computes steps as the model would, and checks what the scheduler hands it."""

    chunk_multiple: int = BLOCK_TOKENS
    free_cuts: bool = False
    steps: list[list[Work]] = field(default_factory=list)
    contents: Contents = field(default_factory=Contents)
    windowed: Contents = field(default_factory=Contents)

    def run(self, work: Several[Work]) -> Computed:
        self.steps.append(list(work))
        reached: dict[int, int] = {}
        for item in work:
            sequence, end = item.sequence, item.start + item.length
            assert item.start == reached.get(id(sequence), sequence.computed), (
                "a position was skipped or computed twice"
            )
            if item.length > 1:
                assert end % self.chunk_multiple == 0 or end in (sequence.prompt_tokens, len(sequence.ids))
                if not self.free_cuts:
                    assert end <= sequence.prompt_tokens
                    assert item.start % BLOCK_TOKENS + item.length <= BLOCK_TOKENS, "a chunk spans blocks"
            reached[id(sequence)] = end
            self.contents.write(sequence.table.blocks, sequence.ids, item.start, end)
            if sequence.table.windowed:
                self.windowed.write(sequence.table.windowed, sequence.ids, item.start, end)
        for item in work:
            table, end = item.sequence.table, item.start + item.length
            self.contents.check(table.blocks, table.ids, 0, end)
            if table.windowed:
                self.windowed.check(table.windowed, table.ids, max(0, item.start - WINDOW), end)
        ending = [item.sequence for item in work if item.start + item.length == len(item.sequence.ids)]
        return Computed([next_token(sequence.ids) for sequence in ending])


def finished_alone(sequence: Sequence) -> list[int]:
    ids = list(sequence.ids[: sequence.prompt_tokens])
    while len(ids) < sequence.prompt_tokens + sequence.generated:
        ids.append(next_token(ids))
    return ids
