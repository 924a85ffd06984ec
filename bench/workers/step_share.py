"""Runs the engine in process, without HTTP, with a clock around the model's forward pass: what a step costs beside it."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from torch import Tensor

from bench.worker import serve
from nanochat_engine.config import read_settings
from nanochat_engine.engine import Engine
from nanochat_engine.request import ChoiceDelta, GenerateRequest, RequestDone, SamplingParams, StepEvent
from nanochat_engine.runner import Runner

_PROMPT_TOKENS = 16
# Steps with every stream that are not counted.
_SETTLE = 3
_DEADLINE = 600.0


class Watched:
    """An engine whose steps are timed: from one publish to the next, and in the forward pass between them."""

    def __init__(self, model: Path) -> None:
        self.engine = Engine(read_settings(os.environ, model=str(model)), self.publish, self._fail)
        self.steps: list[tuple[float, float, int]] = []
        self._forward = 0.0
        self._last = time.perf_counter()
        self._left = 0
        self._done = threading.Event()
        self._failure: BaseException | None = None
        self._clock_forward()

    def start(self) -> None:
        """Load and warm up. Raises what the engine failed of."""
        self.engine.start()
        end = time.monotonic() + _DEADLINE
        while self.engine.snapshot().state != "ready":
            if self._failure is not None:
                raise self._failure
            if time.monotonic() > end:
                raise TimeoutError("the engine is not ready")
            time.sleep(0.01)

    def run(self, requests: list[GenerateRequest]) -> list[tuple[float, float, int]]:
        """Seconds of each step, seconds of its forward pass, and how many streams got a token of it."""
        self.steps, self._left = [], len(requests)
        self._done.clear()
        for request in requests:
            self.engine.submit(request)
        if not self._done.wait(_DEADLINE):
            raise TimeoutError("the requests did not finish")
        if self._failure is not None:
            raise self._failure
        return self.steps

    def publish(self, events: list[StepEvent]) -> None:
        now = time.perf_counter()
        self.steps.append((now - self._last, self._forward, sum(isinstance(event, ChoiceDelta) for event in events)))
        self._last, self._forward = now, 0.0
        self._left -= sum(isinstance(event, RequestDone) for event in events)
        if self._left == 0:
            self._done.set()

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self._done.set()

    def _clock_forward(self) -> None:
        """Put a clock around whatever model the runner is given; one call a step, so it costs nothing that counts."""
        plain = Runner.__init__

        def clocked(runner: Runner, model: Callable[..., Tensor], *rest: Any, **named: Any) -> None:
            def forward(*arguments: Any) -> Tensor:
                begun = time.perf_counter()
                logits = model(*arguments)
                self._forward += time.perf_counter() - begun
                return logits

            plain(runner, forward, *rest, **named)

        Runner.__init__ = clocked  # type: ignore[method-assign, assignment]


_watched: dict[str, Watched] = {}


def share(model: str, streams: int, steps: int) -> dict[str, Any]:
    """Medians, in milliseconds, of whole decode steps and of the forward pass in them; the rest schedules, samples, settles, publishes."""
    if model not in _watched:
        _watched[model] = Watched(Path(model))
        _watched[model].start()
    watched = _watched[model]
    info = watched.engine.snapshot().model
    if info is None:
        raise RuntimeError("the engine is ready and has no model")
    chance = random.Random(streams)
    # Streams join one a step, so the first needs as many steps more until all are there.
    params = [
        SamplingParams(seed=n, temperature=1.0, top_k=50, max_tokens=streams + steps + _SETTLE, ignore_eos=True)
        for n in range(streams)
    ]
    prompts = [tuple(chance.randrange(300, info.vocab_size - 16) for _ in range(_PROMPT_TOKENS)) for _ in params]
    taken = watched.run(
        [GenerateRequest(f"{streams}-{n}", prompts[n], params[n], calculator=False) for n in range(streams)]
    )
    whole = [(step, forward) for step, forward, tokens in taken if tokens == streams][_SETTLE:]
    if not any(forward for _, forward in whole):
        raise RuntimeError("the model was not called through the runner, so its share is not known")
    step, forward = (median(values) * 1e3 for values in zip(*whole, strict=True))
    outside = median(each - inside for each, inside in whole) * 1e3
    return {
        "step_ms": step,
        "forward_ms": forward,
        "outside_ms": outside,
        "outside_share": outside / step,
        "steps": len(whole),
    }


if __name__ == "__main__":
    serve({"share": share})
