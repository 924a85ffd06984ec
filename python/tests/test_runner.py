"""What a step draws from logits that a model should not give."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from nanochat_engine.cache.manager import BlockManager, CacheSize
from nanochat_engine.request import GenerateRequest, SamplingParams
from nanochat_engine.runner import Runner
from nanochat_engine.scheduler import Scheduler
from nanochat_engine.sequence import Sequence
from nanochat_engine.step import Settled, take_step
from tests.golden import golden_tokenizer

T = golden_tokenizer()


def step_of(rows: torch.Tensor, requests: dict[str, dict[str, Any]]) -> Settled:
    """A step of requests by name with these parameters, whose logits are the rows."""
    store = SimpleNamespace(scratch_slot=0, windowed_scratch_slot=0)
    runner = Runner(lambda *_: rows.clone(), store, torch.device("cpu"), 1, lambda: None)
    count = len(requests)
    scheduler = Scheduler(BlockManager(CacheSize(8)), max_running=count, max_waiting=count, step_tokens=64)
    for name, own in requests.items():
        request = GenerateRequest(name, (T.bos_id,), SamplingParams(seed=1, max_tokens=9, **own), calculator=False)
        scheduler.add([Sequence(request, 0, 9, T)])
    return take_step(scheduler, runner)


def settled(logits: torch.Tensor, **params: Any) -> Settled:
    """A step of two requests, "odd" with these parameters and logits, "even" with all logits 0."""
    return step_of(torch.stack([logits, torch.zeros(T.vocab_size)]), {"odd": params, "even": {}})


@pytest.mark.parametrize("asked", [{}, {"logprobs": 0}, {"logprobs": 5}])
@pytest.mark.parametrize("adjusted", [{}, {"min_tokens": 5}, {"min_p": 0.1}, {"logit_bias": ((1, 1.0),)}])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_number_at_any_id_breaks_the_request_and_no_other(
    value: float, adjusted: dict[str, Any], asked: dict[str, Any]
) -> None:
    logits = torch.zeros(T.vocab_size)
    # An id that min_tokens holds back.
    logits[T.assistant_end_id] = value
    step = settled(logits, **adjusted, **asked)
    assert step.broken == ["odd"]
    assert [delta.request_id for delta in step.deltas] == ["even"]


def test_of_many_adjusted_requests_only_the_damaged_break() -> None:
    biased = {"logit_bias": ((1, 1.0),)}
    rows = torch.zeros(5, T.vocab_size)
    rows[1, 3] = float("nan")
    rows[3, 5] = float("inf")
    step = step_of(rows, {"plain": {}, "nan": biased, "whole": biased, "inf": biased, "last": {}})
    assert step.broken == ["nan", "inf"]
    assert [delta.request_id for delta in step.deltas] == ["plain", "whole", "last"]


def test_the_device_is_waited_for_as_often_for_many_adjusted_requests_as_for_one() -> None:
    biased = {"logit_bias": ((1, 1.0),)}
    waits = []
    for requests in ({"a": biased}, dict.fromkeys("abcdefgh", biased)):
        with Waits() as seen:
            step_of(torch.zeros(len(requests), T.vocab_size), requests)
        waits.append(seen.count)
    assert waits[0] == waits[1]


class Waits(TorchDispatchMode):
    """Counts what a device would have to be waited for: numbers that are taken out of tensors one by one, and reductions for them."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.count += func in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.amax.default)
        return func(*args, **(kwargs or {}))


def test_a_log_probability_that_json_can_not_say_breaks_its_request() -> None:
    logits = torch.full((T.vocab_size,), float("-inf"))
    logits[7] = 1.0
    assert settled(logits, logprobs=3).broken == ["odd"]
    (odd, _) = settled(logits, logprobs=1).deltas
    assert odd.token_ids == (7,)
    assert odd.logprobs[0].logprob == 0.0
