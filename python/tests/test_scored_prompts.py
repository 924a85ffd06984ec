"""Prompts whose log-probabilities are gathered: how many rows a step takes of them, who waits for them, and that none is lost."""

from __future__ import annotations

from collections.abc import Sequence as Several

from nanochat_engine.cache.manager import BlockManager, CacheSize
from nanochat_engine.request import GenerateRequest, PromptLogprobs, SamplingParams, TokenLogprob
from nanochat_engine.scheduler import Scheduler, Work
from nanochat_engine.sequence import Sequence
from nanochat_engine.step import Computed, Settled, take_step
from tests.golden import golden_tokenizer


class PositionRunner:
    """A model without weights: a token's log-probability is its position below zero."""

    def __init__(self) -> None:
        self.steps: list[list[Work]] = []
        self.scored_rows: list[int] = []

    def run(self, work: Several[Work]) -> Computed:
        self.steps.append(list(work))
        scoring = {number: item for number, item in enumerate(work) if item.sequence.scoring}
        self.scored_rows.append(sum(item.length for item in scoring.values()))
        return Computed(
            [65 for item in work if item.start + item.length == len(item.sequence.ids)],
            prompt_logprobs={
                number: [TokenLogprob(-position - 1.0, (), ()) for position in sequence.unscored(start, length)]
                for number, (sequence, start, length) in scoring.items()
            },
        )


def sequences_of(name: str, prompt: int, max_tokens: int, n: int = 1, *, scored: bool = True) -> list[Sequence]:
    """The choices of one request, as the engine makes them."""
    ids = tuple((ord(name[0]) + position) % 256 for position in range(prompt))
    params = SamplingParams(seed=0, max_tokens=max_tokens, ignore_eos=True)
    request = GenerateRequest(name, ids, params, n, calculator=False, prompt_logprobs=0 if scored else None)
    sequences = [Sequence(request, index, max_tokens, golden_tokenizer()) for index in range(n)]
    if scored:
        sequences[0].score_prompt()
        for other in sequences[1:]:
            other.after = sequences[0]
    return sequences


def scheduler_of(blocks: int, *, free_cuts: bool = False, scored_rows: int = 64) -> Scheduler:
    return Scheduler(
        BlockManager(CacheSize(blocks)),
        max_running=4,
        max_waiting=8,
        step_tokens=512,
        chunk_multiple=16 if free_cuts else 64,
        free_cuts=free_cuts,
        scored_rows=scored_rows,
    )


def run(scheduler: Scheduler, runner: PositionRunner, most: int = 1000) -> list[Settled]:
    """Every step until nobody is left; fails after `most`."""
    taken: list[Settled] = []
    while not scheduler.idle:
        assert len(taken) < most
        taken.append(take_step(scheduler, runner))
    return taken


def scores_of(taken: list[Settled]) -> dict[str, PromptLogprobs]:
    prompts = [prompt for step in taken for prompt in step.prompts]
    assert len({prompt.request_id for prompt in prompts}) == len(prompts)
    return {prompt.request_id: prompt for prompt in prompts}


def assert_whole(prompt: PromptLogprobs, length: int) -> None:
    assert [entry.logprob for entry in prompt.logprobs] == [-position - 1.0 for position in range(length - 1)]


def test_a_step_takes_no_more_scored_rows_than_their_logits_have_memory_for() -> None:
    for free_cuts in (False, True):
        for scored_rows in (64, 100, 200):
            scheduler, runner = scheduler_of(40, free_cuts=free_cuts, scored_rows=scored_rows), PositionRunner()
            for name in "abc":
                scheduler.add(sequences_of(name, 300, 2))
            scheduler.add(sequences_of("d", 300, 2, scored=False))
            scores = scores_of(run(scheduler, runner))
            assert max(runner.scored_rows) <= scored_rows
            assert max(runner.scored_rows) > scored_rows - 64
            for name in "abc":
                assert_whole(scores[name], 300)


def test_other_choices_wait_for_the_scores_even_of_a_prompt_that_is_in_the_cache() -> None:
    scheduler, runner = scheduler_of(40), PositionRunner()
    scheduler.add(sequences_of("a", 300, 2, scored=False))
    run(scheduler, runner)
    first, *others = choices = sequences_of("a", 300, 2, n=3)
    scheduler.add(choices)
    taken = run(scheduler, runner)
    told = next(number for number, step in enumerate(taken) if step.prompts)
    assert all(step.deltas == [] for step in taken[:told])
    steps = runner.steps[-len(taken) :]
    assert all(item.sequence is first for step in steps[: told + 1] for item in step)
    # The first computes its prompt though it is known, the others find it.
    assert first.cached_tokens == 0
    assert [other.cached_tokens for other in others] == [256, 256]


def test_a_prompt_that_is_put_back_while_it_is_scored_is_scored_once_and_whole() -> None:
    # Six blocks: what the old one needs for its answer is taken from the young one's prompt.
    scheduler, runner = scheduler_of(6), PositionRunner()
    scheduler.add(sequences_of("a", 62, 20, scored=False))
    take_step(scheduler, runner)
    (young,) = sequences_of("b", 300, 1)
    scheduler.add([young])
    taken: list[Settled] = []
    while scheduler.preempted == 0:
        assert len(taken) < 100
        taken.append(take_step(scheduler, runner))
    assert young.scoring
    assert runner.scored_rows.count(64) == 4
    taken += run(scheduler, runner)
    assert_whole(scores_of(taken)["b"], 300)
