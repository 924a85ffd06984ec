"""A row's logits are a function of its own tokens alone: the same bits alone and in company, at any budget, new or replayed."""

from __future__ import annotations

from collections.abc import Sequence as Several
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nanochat_engine.cache.manager import BlockManager, CacheSize
from nanochat_engine.kernels.plan import Plan
from nanochat_engine.model.rows import invariant_quantum
from nanochat_engine.request import ChoiceResume, GenerateRequest, SamplingParams
from nanochat_engine.runner import Runner
from nanochat_engine.scheduler import Scheduler, Work
from nanochat_engine.sequence import Sequence
from nanochat_engine.step import take_step
from tests.golden import NATIVE, golden_model, golden_tokenizer, native_model

BLOCKS = 64
TOKENS = 12


# What computes: PyTorch on padded rows, or the native kernels of a variant in each format, on rows as they are.
PLANS = {
    "float32": Plan(torch.float32, packed=True),
    "bfloat16": Plan(torch.bfloat16, packed=True),
    "int8": Plan(torch.bfloat16, "int8", packed=True),
    "int4": Plan(torch.float32, "int4", packed=True),
}
PATHS = (
    "torch",
    *(f"{variant} {plan}" for variant in NATIVE[-1:] for plan in PLANS),
    *(f"{v} int8" for v in NATIVE[:-1]),
)


class RecordingRunner(Runner):
    """A Runner that keeps the logits from which each sequence's tokens were drawn, by the sequence's length."""

    def __init__(self, name: str, path: str) -> None:
        cpu = torch.device("cpu")
        if path == "torch":
            model, store = golden_model(name)
            super().__init__(model, store, cpu, invariant_quantum(model, 600), beat=lambda: None)
        else:
            variant, plan = path.split()
            native, native_store = native_model(name, variant, PLANS[plan])
            super().__init__(native, native_store, cpu, 1, beat=lambda: None)
        self.row_exact = path != "torch"
        self.seen: dict[tuple[str, int], torch.Tensor] = {}

    def logits(self, work: Several[Work]) -> torch.Tensor:
        logits = super().logits(work)
        ending = [item.sequence for item in work if item.start + item.length == len(item.sequence.ids)]
        for row, sequence in enumerate(ending):
            self.seen[sequence.request_id, len(sequence.ids)] = logits[row].clone()
        return logits


@cache
def recording_runner(name: str, path: str) -> RecordingRunner:
    return RecordingRunner(name, path)


def sequence_of(name: str, prompt: int, salt: int, resumed: tuple[int, ...] = ()) -> Sequence:
    ids = tuple((salt * 31 + position * 7) % 322 for position in range(prompt))
    params = SamplingParams(seed=salt, temperature=1.0, max_tokens=TOKENS, ignore_eos=True)
    resume = {0: ChoiceResume(resumed, 0)} if resumed else {}
    return Sequence(GenerateRequest(name, ids, params, calculator=False, resume=resume), 0, TOKENS, golden_tokenizer())


def cache_of(name: str, blocks: int = BLOCKS, windowed_blocks: int | None = None) -> BlockManager:
    window = min((window for window in golden_model(name)[0].architecture.windows if window is not None), default=None)
    return BlockManager(CacheSize(blocks, blocks if windowed_blocks is None else windowed_blocks, window))


def generate(runner: RecordingRunner, cache: BlockManager, sequences: list[Sequence], step_tokens: int) -> Scheduler:
    scheduler = Scheduler(cache, max_running=16, max_waiting=16, step_tokens=step_tokens)
    for sequence in sequences:
        scheduler.add([sequence])
    while not scheduler.idle:
        take_step(scheduler, runner)
    return scheduler


def recorded(runner: RecordingRunner, prompt: int) -> list[torch.Tensor]:
    return [runner.seen["probe", prompt + position] for position in range(TOKENS)]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["2025-10", "2026-03-14"])
@settings(deadline=None, max_examples=12)
@given(
    prompt=st.integers(1, 200),
    company=st.lists(st.integers(1, 200), max_size=15),
    place=st.integers(0, 15),
    step_tokens=st.sampled_from([64, 128, 512]),
    replayed=st.integers(0, TOKENS - 1),
)
def test_logits_have_the_same_bits_in_any_company_budget_and_replay(
    name: str, path: str, prompt: int, company: list[int], place: int, step_tokens: int, replayed: int
) -> None:
    runner = recording_runner(name, path)
    alone = sequence_of("probe", prompt, salt=5)
    generate(runner, cache_of(name), [alone], step_tokens=512)
    expected = recorded(runner, prompt)

    others = [sequence_of(f"other {i}", length, salt=i) for i, length in enumerate(company)]
    resumed = tuple(alone.ids[prompt : prompt + replayed])
    probe = sequence_of("probe", prompt, salt=5, resumed=resumed)
    for position in range(replayed, TOKENS):
        del runner.seen["probe", prompt + position]
    generate(runner, cache_of(name), [*others[:place], probe, *others[place:]], step_tokens)

    assert probe.ids == alone.ids
    for mine, theirs in zip(recorded(runner, prompt)[replayed:], expected[replayed:], strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["2025-10", "2026-03-14"])
def test_logits_have_the_same_bits_after_preemption_and_in_scattered_blocks(name: str, path: str) -> None:
    runner = recording_runner(name, path)
    alone = sequence_of("probe", 60, salt=5)
    generate(runner, cache_of(name), [alone], step_tokens=512)
    expected = recorded(runner, 60)

    probe = sequence_of("probe", 60, salt=5)
    others = [sequence_of("old", 57, salt=1), sequence_of("older", 120, salt=2)]
    scheduler = generate(runner, cache_of(name, blocks=5), [*others, probe], 64)

    assert scheduler.preempted > 0
    assert probe.ids == alone.ids
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(recorded(runner, 60), expected, strict=True))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["2025-10", "2026-03-14"])
@settings(deadline=None, max_examples=8)
@given(
    prompt=st.integers(300, 700),
    common=st.integers(64, 700),
    company=st.lists(st.integers(1, 400), max_size=4),
    replayed=st.integers(0, TOKENS - 1),
)
def test_logits_have_the_same_bits_behind_a_prefix_that_was_found(
    name: str, path: str, prompt: int, common: int, company: list[int], replayed: int
) -> None:
    runner = recording_runner(name, path)
    alone = sequence_of("probe", prompt, salt=5)
    generate(runner, cache_of(name), [alone], step_tokens=512)
    expected = recorded(runner, prompt)

    # Layers with a window of 256 have as many blocks as that and a step of 64 tokens take: theirs are reused all the time.
    cache = cache_of(name, windowed_blocks=13)
    common = min(common, prompt)
    before = sequence_of("before", common, salt=5)
    generate(runner, cache, [before, *(sequence_of(f"a{i}", length, salt=i) for i, length in enumerate(company))], 64)
    resumed = tuple(alone.ids[prompt : prompt + replayed])
    probe = sequence_of("probe", prompt, salt=5, resumed=resumed)
    for position in range(replayed, TOKENS):
        del runner.seen["probe", prompt + position]
    generate(runner, cache, [probe], 64)

    if not company:
        # More where what was generated then is replayed now.
        assert probe.cached_tokens >= min(common // 64, (prompt + replayed - 1) // 64) * 64
    assert probe.ids == alone.ids
    for mine, theirs in zip(recorded(runner, prompt)[replayed:], expected[replayed:], strict=True):
        assert torch.equal(mine, theirs)
