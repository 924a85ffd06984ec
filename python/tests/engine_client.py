"""An engine and its events for tests, and requests for golden models."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from dataclasses import replace

from nanochat_engine.config import Settings
from nanochat_engine.engine import Engine
from nanochat_engine.request import (
    ChoiceDelta,
    GenerateRequest,
    RequestDone,
    RequestFailed,
    SamplingParams,
    StepEvent,
)
from nanochat_engine.snapshot import EngineSnapshot

DEADLINE = 60.0
NAME = "2026-03-14"


class Client:
    """An engine and its events; every wait has a deadline."""

    def __init__(self, settings: Settings) -> None:
        self.events: queue.Queue[StepEvent] = queue.Queue()
        self.fatal: queue.Queue[BaseException] = queue.Queue()
        self.engine = Engine(settings, self._publish, self.fatal.put)

    def _publish(self, events: list[StepEvent]) -> None:
        for event in events:
            self.events.put(event)

    def until_ready(self) -> Client:
        self.engine.start()
        self.wait_for(lambda now: now.state in ("ready", "failed"))
        if not self.fatal.empty():
            raise self.fatal.get()
        return self

    def wait_for(self, reached: Callable[[EngineSnapshot], bool]) -> EngineSnapshot:
        """The first snapshot that satisfies `reached`; fails after the deadline."""
        end = time.monotonic() + DEADLINE
        while not reached(now := self.engine.snapshot()):
            assert time.monotonic() < end, now
            time.sleep(0.002)
        return now

    def events_of(self, *requests: GenerateRequest) -> dict[str, list[StepEvent]]:
        """Submit together; the events of each until all have ended."""
        for request in requests:
            self.engine.submit(request)
        seen: dict[str, list[StepEvent]] = {request.request_id: [] for request in requests}
        ended = 0
        while ended < len(requests):
            event = self.events.get(timeout=DEADLINE)
            seen[event.request_id].append(event)
            ended += isinstance(event, RequestDone | RequestFailed)
        return seen

    def deltas(self, request: GenerateRequest) -> list[ChoiceDelta]:
        return [event for event in self.events_of(request)[request.request_id] if isinstance(event, ChoiceDelta)]


def request_of(name: str, prompt: int = 20, **changes: object) -> GenerateRequest:
    params = SamplingParams(seed=7, temperature=1.0, max_tokens=24, ignore_eos=True)
    own = {
        key: changes.pop(key)
        for key in ("n", "calculator", "resume", "prompt_ids", "prompt_logprobs", "constraint", "cache_salt")
        if key in changes
    }
    request = GenerateRequest(name, tuple(range(40, 40 + prompt)), replace(params, **changes), calculator=False)  # type: ignore[arg-type]
    return replace(request, **own)  # type: ignore[arg-type]


def ids_of(deltas: list[ChoiceDelta], index: int = 0) -> list[int]:
    return [token for delta in deltas if delta.index == index for token in delta.token_ids]


def text_of(deltas: list[ChoiceDelta], index: int = 0) -> str:
    return "".join(delta.text for delta in deltas if delta.index == index)
