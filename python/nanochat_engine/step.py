"""One step: schedule, forward, sample, settle. The engine's loop and the warm-up take the same steps."""

from __future__ import annotations

from collections.abc import Sequence as Several
from dataclasses import dataclass
from typing import Protocol

from nanochat_engine.request import ChoiceDelta
from nanochat_engine.scheduler import Scheduler, Work


class StepRunner(Protocol):
    """What computes a step; `runner.Runner` does it with torch."""

    def run(self, work: Several[Work]) -> Several[int | None]:
        """Compute the work; a token for each item that ends its sequence's ids, in the order of `work`, None where the model gave no number."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a step gave: deltas, and the ids of requests for which the model gave no number."""

    deltas: list[ChoiceDelta]
    broken: list[str]


def settle(scheduler: Scheduler, work: Several[Work], tokens: Several[int | None]) -> Settled:
    """Enter a computed step into its sequences; those that finish let go of their blocks."""
    settled = Settled([], [])
    remaining = iter(tokens)
    for sequence, start, length in work:
        scheduler.advance(sequence, start + length)
        if start + length < len(sequence.ids):
            continue
        token = next(remaining)
        if token is None:
            settled.broken.append(sequence.request_id)
            continue
        delta = sequence.append(token)
        settled.deltas.append(delta)
        if delta.finish_reason is not None:
            scheduler.remove(sequence)
    return settled


def take_step(scheduler: Scheduler, runner: StepRunner) -> Settled:
    """Schedule, compute and settle one step."""
    work = scheduler.schedule()
    return settle(scheduler, work, runner.run(work))
