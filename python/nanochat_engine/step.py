"""One step: schedule, forward, sample, settle. The engine's loop and the warm-up take the same steps."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Several
from dataclasses import dataclass, field
from typing import Protocol

from nanochat_engine.request import ChoiceDelta, PromptLogprobs, TokenLogprob
from nanochat_engine.scheduler import Scheduler, Work


@dataclass(frozen=True, slots=True)
class Computed:
    """What a step's model gave.

    tokens: one for each item of the work that ends its sequence's ids, in their order, None where the model gave no number.
    logprobs: by the place in tokens, where they are asked for; of the token that the calculator forces where it forces one.
    prompt_logprobs: by the place in the work, for sequences that score their prompt; those after its unscored positions, None
    where the model gave no number.
    """

    tokens: Several[int | None]
    logprobs: Mapping[int, TokenLogprob] = field(default_factory=dict)
    prompt_logprobs: Mapping[int, Several[TokenLogprob] | None] = field(default_factory=dict)


class StepRunner(Protocol):
    """What computes a step; `runner.Runner` does it with torch."""

    def run(self, work: Several[Work]) -> Computed:
        """Compute the work."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a step gave: scored prompts, deltas, and the ids of requests for which the model gave no number."""

    prompts: list[PromptLogprobs]
    deltas: list[ChoiceDelta]
    broken: list[str]


def settle(scheduler: Scheduler, work: Several[Work], computed: Computed) -> Settled:
    """Enter a computed step into its sequences; those that finish let go of their blocks."""
    settled = Settled([], [], [])
    remaining = enumerate(computed.tokens)
    for number, (sequence, start, length) in enumerate(work):
        scheduler.advance(sequence, start + length)
        ends = start + length == len(sequence.ids)
        place, token = next(remaining) if ends else (-1, None)
        scores = computed.prompt_logprobs.get(number, ())
        prompt = sequence.score(scores) if scores is not None and sequence.scoring else None
        if prompt is not None:
            settled.prompts.append(prompt)
        if not ends and scores is not None:
            continue
        if token is None or scores is None:
            settled.broken.append(sequence.request_id)
            continue
        delta = sequence.append(token, computed.logprobs.get(place))
        settled.deltas.append(delta)
        if delta.finish_reason is not None:
            scheduler.remove(sequence)
    return settled


def take_step(scheduler: Scheduler, runner: StepRunner) -> Settled:
    """Schedule, compute and settle one step."""
    work = scheduler.schedule()
    return settle(scheduler, work, runner.run(work))
