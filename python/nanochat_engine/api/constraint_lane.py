"""Where requests wait for their constraints, which may take seconds: a lane of its own, so that none takes a place from a prompt.

Knows which requests ask for the same one; must not know how it is compiled.
"""

from __future__ import annotations

import asyncio
import dataclasses
from concurrent.futures import ThreadPoolExecutor

from nanochat_engine.api.engine_port import EnginePort
from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import QueueFull
from nanochat_engine.request import GenerateRequest

AT_ONCE = 4
"""Constraints that the engine is asked for at once; it compiles one at a time."""


@dataclasses.dataclass(slots=True)
class _Preparation:
    """One constraint's: the task, whether the engine has been asked, and how many requests wait."""

    task: asyncio.Task[None]
    begun: asyncio.Event
    waiting: int = 0


class ConstraintLane:
    """For the event loop's thread. most_waiting: how many requests may wait at a time, beside those that are resumed."""

    def __init__(self, engine: EnginePort, most_waiting: int) -> None:
        self._engine = engine
        self._most_waiting = most_waiting
        self._waiting = 0
        # Who waits for a turn leaves without a trace; in the pool's own queue what was cancelled would stay.
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="compile")
        self._preparations: dict[tuple[str, bool], _Preparation] = {}

    async def prepare(self, request: GenerateRequest, constraint: Constraint) -> None:
        """Wait until the engine has prepared the request's constraint, which it does once for all that wait for the same.

        Raises QueueFull where too many wait, and to all of them what the engine's `prepare` raises.
        """
        # After a worker's death all that it ran come at once, to a cold cache: a resumed one was accepted before, and waits its turn.
        resumed = bool(request.resume)
        if not resumed and self._waiting >= self._most_waiting:
            raise QueueFull("Too many constraints wait to be compiled.")
        # Errors are others for what is resumed; the compilation is shared further in.
        key = (constraint.key(), resumed)
        preparation = self._preparations.get(key) or self._start(key, request)
        self._waiting += not resumed
        preparation.waiting += 1
        try:
            await asyncio.shield(preparation.task)
        finally:
            self._waiting -= not resumed
            preparation.waiting -= 1
            if not preparation.waiting and not preparation.begun.is_set():
                preparation.task.cancel()
                # Who asks next must not wait for what was cancelled.
                self._forget(key, preparation)

    def _start(self, key: tuple[str, bool], request: GenerateRequest) -> _Preparation:
        begun = asyncio.Event()
        preparation = _Preparation(asyncio.create_task(self._run(request, begun)), begun)
        self._preparations[key] = preparation
        preparation.task.add_done_callback(lambda _: self._forget(key, preparation))
        return preparation

    async def _run(self, request: GenerateRequest, begun: asyncio.Event) -> None:
        async with self._turns:
            begun.set()
            await asyncio.get_running_loop().run_in_executor(self._threads, self._engine.prepare, request)

    def _forget(self, key: tuple[str, bool], preparation: _Preparation) -> None:
        if self._preparations.get(key) is preparation:
            del self._preparations[key]
        # Nobody may be left to hear of an error, which is no fault then.
        if preparation.task.done() and not preparation.task.cancelled():
            preparation.task.exception()
