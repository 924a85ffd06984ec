"""The scheduler: no block lost or shared wrongly, nobody starved, and the same tokens whatever runs beside a sequence."""

from __future__ import annotations

import zlib
from collections.abc import Sequence as Several
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nanochat_engine.cache.blocks import BLOCK_TOKENS, BlockPool, blocks_for
from nanochat_engine.errors import QueueFull
from nanochat_engine.request import GenerateRequest, SamplingParams
from nanochat_engine.scheduler import Scheduler, Work
from nanochat_engine.sequence import Sequence
from nanochat_engine.step import take_step
from tests.golden import golden_tokenizer


def next_token(ids: Several[int]) -> int:
    """A model without weights: the next token is a checksum of all tokens before it."""
    return zlib.crc32(repr(list(ids)).encode()) % 256


@dataclass
class ChecksumRunner:
    """Computes steps as the model would, and checks what the scheduler hands it."""

    steps: list[list[Work]] = field(default_factory=list)

    def run(self, work: Several[Work]) -> list[int]:
        self.steps.append(list(work))
        reached: dict[int, int] = {}
        for item in work:
            sequence, end = item.sequence, item.start + item.length
            assert item.start == reached.get(id(sequence), sequence.computed), (
                "a position was skipped or computed twice"
            )
            assert len(sequence.blocks) >= blocks_for(end), "a row has no slot"
            if item.length > 1:
                assert end <= sequence.prompt_tokens
                assert end % BLOCK_TOKENS == 0 or end == sequence.prompt_tokens, "a chunk ends between blocks"
            reached[id(sequence)] = end
        ending = [item.sequence for item in work if item.start + item.length == len(item.sequence.ids)]
        return [next_token(sequence.ids) for sequence in ending]


def sequence_of(name: str, prompt: int, max_tokens: int) -> Sequence:
    params = SamplingParams(seed=0, max_tokens=max_tokens, ignore_eos=True)
    ids = tuple((len(name) + position) % 256 for position in range(prompt))
    return Sequence(GenerateRequest(name, ids, params, calculator=False), 0, max_tokens, golden_tokenizer())


def finished_alone(sequence: Sequence) -> list[int]:
    ids = list(sequence.ids[: sequence.prompt_tokens])
    while len(ids) < sequence.prompt_tokens + sequence.generated:
        ids.append(next_token(ids))
    return ids


sizes = st.tuples(st.integers(1, 300), st.integers(1, 60))


@settings(deadline=None, max_examples=150)
@given(
    arrivals=st.lists(st.tuples(st.integers(0, 40), sizes, st.booleans()), min_size=1, max_size=12),
    blocks=st.integers(6, 30),
    max_running=st.integers(1, 6),
    step_tokens=st.sampled_from([64, 128, 512]),
)
def test_random_arrivals_and_cancellations_lose_no_block_and_starve_nobody(
    arrivals: list[tuple[int, tuple[int, int], bool]], blocks: int, max_running: int, step_tokens: int
) -> None:
    pool = BlockPool(blocks)
    scheduler = Scheduler(pool, max_running=max_running, max_waiting=100, step_tokens=step_tokens)
    runner = ChecksumRunner()
    todo = [
        (step, sequence_of("s" * (i + 1), *size), cancel) for i, (step, size, cancel) in enumerate(sorted(arrivals))
    ]
    cancelled: list[Sequence] = []
    live: list[Sequence] = []
    # Each token takes at most one step, and a preempted sequence is computed again at most once for each older token.
    for step in range(40 + 12 * (300 + 60) * 12):
        for start, sequence, cancel in todo:
            if start == step:
                scheduler.add([sequence])
                live.append(sequence)
            elif cancel and start + 7 == step and sequence.finish_reason is None:
                scheduler.remove(sequence)
                cancelled.append(sequence)
        take_step(scheduler, runner)
        held = [block for sequence in live for block in sequence.blocks]
        assert len(held) == len(set(held)), "a block is shared"
        assert pool.used == len(held), "a block is lost"
        assert len(scheduler.running) <= max_running
        if step > 47 and scheduler.idle:
            break
    assert scheduler.idle
    assert pool.used == 0
    for _, sequence, _ in todo:
        if sequence not in cancelled:
            assert sequence.finish_reason == "length"
            assert sequence.ids == finished_alone(sequence)


def test_sequences_join_and_leave_a_running_batch_at_any_step() -> None:
    scheduler = Scheduler(BlockPool(8), max_running=4, max_waiting=4, step_tokens=64)
    runner = ChecksumRunner()
    first, second = sequence_of("a", 3, 6), sequence_of("b", 3, 2)
    scheduler.add([first])
    take_step(scheduler, runner)
    scheduler.add([second])
    for _ in range(2):
        take_step(scheduler, runner)
    assert second.finish_reason == "length"
    assert first.finish_reason is None
    assert [item.sequence for item in runner.steps[1]] == [first, second]


def test_a_long_prompt_takes_one_block_a_step_beside_running_streams() -> None:
    scheduler = Scheduler(BlockPool(16), max_running=2, max_waiting=2, step_tokens=512)
    runner = ChecksumRunner()
    scheduler.add([sequence_of("a", 3, 20)])
    take_step(scheduler, runner)
    scheduler.add([sequence_of("b", 400, 2)])
    take_step(scheduler, runner)
    assert [item.length for item in runner.steps[1]] == [1, BLOCK_TOKENS]


def test_the_youngest_is_put_back_when_blocks_run_out_and_ends_with_the_same_tokens() -> None:
    scheduler = Scheduler(BlockPool(3), max_running=2, max_waiting=2, step_tokens=64)
    runner = ChecksumRunner()
    old, young = sequence_of("a", 60, 70), sequence_of("b", 50, 40)
    scheduler.add([old])
    take_step(scheduler, runner)
    scheduler.add([young])
    while not scheduler.idle:
        take_step(scheduler, runner)
    assert scheduler.preempted > 0
    assert old.ids == finished_alone(old)
    assert young.ids == finished_alone(young)


def test_too_many_waiting_sequences_are_refused_and_none_of_them_kept() -> None:
    scheduler = Scheduler(BlockPool(8), max_running=1, max_waiting=1, step_tokens=64)
    scheduler.add([sequence_of("a", 3, 3)])
    scheduler.add([sequence_of("b", 3, 3)])
    with pytest.raises(QueueFull):
        scheduler.add([sequence_of("c", 3, 3)])
    assert len(scheduler.waiting) == 2
