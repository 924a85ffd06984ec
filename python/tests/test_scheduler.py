"""The scheduler: no block lost or shared wrongly, nobody starved, and the same tokens whatever runs beside a sequence."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Several
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nanochat_engine.cache.blocks import BLOCK_TOKENS
from nanochat_engine.cache.manager import BlockManager, CacheSize, windowed_blocks_for
from nanochat_engine.errors import QueueFull
from nanochat_engine.request import GenerateRequest, SamplingParams
from nanochat_engine.scheduler import Scheduler, Work
from nanochat_engine.sequence import Sequence
from nanochat_engine.step import settle, take_step
from tests.checksum_runner import WINDOW, ChecksumRunner, finished_alone
from tests.golden import golden_tokenizer


def sequence_of(name: str, prompt: int, max_tokens: int, index: int = 0) -> Sequence:
    """Prompts of one first letter begin alike."""
    params = SamplingParams(seed=0, max_tokens=max_tokens, ignore_eos=True)
    ids = tuple((ord(name[0]) + position) % 256 for position in range(prompt))
    request = GenerateRequest(name, ids, params, n=index + 1, calculator=False)
    return Sequence(request, index, max_tokens, golden_tokenizer())


def scheduler_of(blocks: int, *, max_running: int = 4, max_waiting: int = 4, step_tokens: int = 64) -> Scheduler:
    cache = BlockManager(CacheSize(blocks))
    return Scheduler(cache, max_running=max_running, max_waiting=max_waiting, step_tokens=step_tokens)


def run_until(scheduler: Scheduler, runner: ChecksumRunner, reached: Callable[[], bool], most: int = 2000) -> None:
    """Take steps until it is so; fails after `most`."""
    for _ in range(most):
        if reached():
            return
        take_step(scheduler, runner)
    raise AssertionError("never reached")


sizes = st.tuples(st.integers(1, 300), st.integers(1, 60))


@settings(deadline=None, max_examples=150)
@given(
    arrivals=st.lists(
        st.tuples(st.integers(0, 40), sizes, st.sampled_from("aab"), st.booleans()), min_size=1, max_size=12
    ),
    blocks=st.integers(6, 30),
    max_running=st.integers(1, 6),
    step_tokens=st.sampled_from([64, 128, 512]),
    windowed=st.booleans(),
    reuse=st.booleans(),
    free_cuts=st.booleans(),
    seconds=st.randoms(use_true_random=False),
)
def test_random_arrivals_and_cancellations_lose_no_block_and_starve_nobody(
    arrivals: list[tuple[int, tuple[int, int], str, bool]],
    blocks: int,
    max_running: int,
    step_tokens: int,
    windowed: bool,
    reuse: bool,
    free_cuts: bool,
    seconds: Random,
) -> None:
    size = CacheSize(blocks)
    if windowed:
        size = CacheSize(blocks, windowed_blocks_for(blocks, WINDOW, 1, step_tokens), WINDOW)
    cache = BlockManager(size, reuse=reuse, reuse_generated=free_cuts)
    multiple = 16 if free_cuts else BLOCK_TOKENS
    scheduler = Scheduler(
        cache,
        max_running=max_running,
        max_waiting=100,
        step_tokens=step_tokens,
        chunk_multiple=multiple,
        free_cuts=free_cuts,
    )
    runner = ChecksumRunner(multiple, free_cuts)
    todo = [
        (step, sequence_of(kind + "s" * i, *size), cancel)
        for i, (step, size, kind, cancel) in enumerate(sorted(arrivals))
    ]
    cancelled: list[Sequence] = []
    # Each token takes at most one step, and a preempted sequence is computed again at most once for each older token.
    for step in range(40 + 12 * (300 + 60) * 12):
        for start, sequence, cancel in todo:
            if start == step:
                scheduler.add([sequence])
            elif cancel and start + 7 == step and sequence.finish_reason is None:
                scheduler.remove(sequence)
                cancelled.append(sequence)
        work = scheduler.schedule()
        assert work or scheduler.idle, "a step did nothing while somebody waits"
        computed = runner.run(work)
        scheduler.observe(work, seconds.uniform(0, 0.1))
        settle(scheduler, work, computed)
        tables = [sequence.table for sequence in scheduler.running]
        assert cache.pool.used == len({block for table in tables for block in table.blocks}), "a block is lost"
        if cache.windowed is not None:
            windows = {block for table in tables for block in table.windowed[table.dropped :]}
            assert cache.windowed.used == len(windows), "a block of a window's layer is lost"
        assert len(scheduler.running) <= max_running
        if step > 47 and scheduler.idle:
            break
    assert scheduler.idle
    assert cache.pool.used == 0
    assert cache.windowed is None or cache.windowed.used == 0
    for _, sequence, _ in todo:
        if sequence not in cancelled:
            assert sequence.finish_reason == "length"
            assert sequence.ids == finished_alone(sequence)


def test_sequences_join_and_leave_a_running_batch_at_any_step() -> None:
    scheduler = scheduler_of(8, max_running=4, max_waiting=4, step_tokens=64)
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


def test_a_long_prompt_takes_one_chunk_a_step_beside_running_streams_while_no_cost_is_known() -> None:
    scheduler = scheduler_of(16, max_running=2, step_tokens=512)
    runner = ChecksumRunner()
    scheduler.add([sequence_of("a", 3, 20)])
    take_step(scheduler, runner)
    scheduler.add([sequence_of("b", 400, 2)])
    take_step(scheduler, runner)
    assert [item.length for item in runner.steps[1]] == [1, BLOCK_TOKENS]


def test_a_long_prompt_takes_what_two_and_a_half_plain_steps_allow_beside_running_streams() -> None:
    cache = BlockManager(CacheSize(16), reuse_generated=True)
    scheduler = Scheduler(cache, max_running=2, max_waiting=2, step_tokens=512, chunk_multiple=16, free_cuts=True)
    runner = ChecksumRunner(16, free_cuts=True)
    scheduler.costs.observe(0, 512, 0.512)
    scheduler.costs.observe(1, 0, 0.060)
    scheduler.add([sequence_of("a", 3, 20)])
    take_step(scheduler, runner)
    scheduler.add([sequence_of("b", 400, 2)])
    take_step(scheduler, runner)
    assert [item.length for item in runner.steps[1]] == [1, 80]


def seconds_of(work: Several[Work]) -> float:
    """A machine on which a step takes 40 ms to read the weights, and each row 1.2 ms."""
    return 0.040 + 0.0012 * sum(item.length for item in work)


def take_observed_step(scheduler: Scheduler, runner: ChecksumRunner) -> float:
    work = scheduler.schedule()
    computed = runner.run(work)
    seconds = seconds_of(work)
    if computed.tokens:
        scheduler.observe(work, seconds)
    settle(scheduler, work, computed)
    return seconds


def test_long_prompts_beside_four_streams_keep_steps_near_plain_ones_and_half_their_rate() -> None:
    cache = BlockManager(CacheSize(100), reuse_generated=True)
    scheduler = Scheduler(cache, max_running=8, max_waiting=8, step_tokens=512, chunk_multiple=16, free_cuts=True)
    runner = ChecksumRunner(16, free_cuts=True)
    scheduler.add([sequence_of("z", 1500, 1)])
    alone = 0.0
    while not scheduler.idle:
        alone += take_observed_step(scheduler, runner)
    streams = [sequence_of(name, 20, 400) for name in "abcd"]
    scheduler.add(streams)
    while any(stream.generated < 20 for stream in streams):
        take_observed_step(scheduler, runner)
    plain = 0.040 + 4 * 0.0012
    for name in "efg":
        newcomer = sequence_of(name, 1500, 2)
        scheduler.add([newcomer])
        beside: list[float] = []
        while newcomer.generated == 0:
            beside.append(take_observed_step(scheduler, runner))
        assert max(beside) <= 2.55 * plain
        assert sum(beside) <= 2 * alone
        while newcomer.finish_reason is None:
            take_observed_step(scheduler, runner)


def test_choices_of_one_prompt_compute_it_once() -> None:
    scheduler = scheduler_of(40, max_running=8, max_waiting=8, step_tokens=512)
    runner = ChecksumRunner()
    choices = [sequence_of("a", 300, 4, index) for index in range(4)]
    scheduler.add(choices)
    run_until(scheduler, runner, lambda: scheduler.idle)
    rows = sum(item.length for step in runner.steps for item in step)
    # The whole prompt once, then for each of the others what lies behind its last full block, and the generated tokens.
    assert rows == 300 + 3 * (300 - 256) + 4 * 3
    assert [choice.cached_tokens for choice in choices] == [0, 256, 256, 256]


def test_who_waits_for_a_prompt_under_way_is_overtaken_by_others_and_not_forgotten() -> None:
    scheduler = scheduler_of(40, max_running=8, max_waiting=8, step_tokens=128)
    runner = ChecksumRunner()
    first, second, other = sequence_of("a", 250, 4), sequence_of("aa", 250, 4), sequence_of("b", 50, 4)
    scheduler.add([first])
    take_step(scheduler, runner)
    scheduler.add([second, other])
    take_step(scheduler, runner)
    assert scheduler.running == [first, other]
    run_until(scheduler, runner, lambda: scheduler.idle)
    assert second.cached_tokens == 192


def test_a_next_turn_finds_the_one_before_with_its_answer_where_rows_are_exact() -> None:
    cache = BlockManager(CacheSize(40), reuse_generated=True)
    scheduler = Scheduler(cache, max_running=2, max_waiting=2, step_tokens=512, chunk_multiple=16, free_cuts=True)
    runner = ChecksumRunner(16, free_cuts=True)
    turn = sequence_of("a", 100, 60)
    scheduler.add([turn])
    run_until(scheduler, runner, lambda: scheduler.idle)
    params = SamplingParams(seed=0, max_tokens=4)
    request = GenerateRequest("next", (*turn.ids, 1, 2, 3), params, calculator=False)
    following = Sequence(request, 0, 4, golden_tokenizer())
    scheduler.add([following])
    take_step(scheduler, runner)
    assert following.cached_tokens == 128


def test_a_sequence_that_was_put_back_finds_its_own_blocks() -> None:
    scheduler = scheduler_of(7, max_running=2, step_tokens=512)
    runner = ChecksumRunner()
    old, young = sequence_of("a", 120, 120), sequence_of("b", 150, 100)
    scheduler.add([old, young])
    run_until(scheduler, runner, lambda: scheduler.preempted > 0 and young in scheduler.running)
    assert young.computed >= BLOCK_TOKENS
    assert young.cached_tokens == 0, "what it had computed itself is not counted"
    run_until(scheduler, runner, lambda: scheduler.idle)
    assert young.ids == finished_alone(young)


def test_the_youngest_is_put_back_when_blocks_run_out_and_ends_with_the_same_tokens() -> None:
    scheduler = scheduler_of(3, max_running=2, max_waiting=2, step_tokens=64)
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
    scheduler = scheduler_of(8, max_running=1, max_waiting=1, step_tokens=64)
    scheduler.add([sequence_of("a", 3, 3)])
    scheduler.add([sequence_of("b", 3, 3)])
    with pytest.raises(QueueFull):
        scheduler.add([sequence_of("c", 3, 3)])
    assert len(scheduler.waiting) == 2
