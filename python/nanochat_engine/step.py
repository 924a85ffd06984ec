"""One step: schedule, forward, sample, settle. The engine's loop and the warm-up take the same steps."""

from __future__ import annotations

from collections.abc import Sequence as Several
from typing import Protocol

from nanochat_engine.request import ChoiceDelta
from nanochat_engine.scheduler import Scheduler, Work


class StepRunner(Protocol):
    """What computes a step; `runner.Runner` does it with torch."""

    def run(self, work: Several[Work]) -> list[int]:
        """Compute the work; return a token for each item that ends its sequence's ids, in the order of `work`."""


def settle(scheduler: Scheduler, work: Several[Work], tokens: Several[int]) -> list[ChoiceDelta]:
    """Enter a computed step into its sequences; those that finish give their blocks back."""
    deltas: list[ChoiceDelta] = []
    remaining = iter(tokens)
    for item in work:
        sequence = item.sequence
        sequence.computed = item.start + item.length
        if sequence.computed < len(sequence.ids):
            continue
        delta = sequence.append(next(remaining))
        deltas.append(delta)
        if delta.finish_reason is not None:
            scheduler.remove(sequence)
    return deltas


def take_step(scheduler: Scheduler, runner: StepRunner) -> list[ChoiceDelta]:
    """Schedule, compute and settle one step."""
    work = scheduler.schedule()
    return settle(scheduler, work, runner.run(work))
