"""The bridge between the engine's thread and asyncio: one crossing a step, then each request's events go to its own stream.

Knows threads and events; must not know HTTP, JSON or what a request asks for.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
from collections.abc import Iterator

from nanochat_engine.api.engine_port import EnginePort
from nanochat_engine.errors import EngineError, InvalidRequest
from nanochat_engine.request import ChoiceDelta, GenerateRequest, RequestDone, RequestFailed, StepEvent

Step = list[ChoiceDelta]
End = RequestDone | RequestFailed


class Stream:
    """The events of one request, in order. Belongs to the event loop; holds at most what max_tokens allows."""

    def __init__(self, engine_id: str) -> None:
        self.engine_id = engine_id
        self.end: End | None = None
        self._steps: list[Step] = []
        self._arrived = asyncio.Event()

    async def take(self) -> tuple[list[Step], End | None]:
        """Every step since the last call, waiting for news; with the end, once everything before it is taken."""
        if not self._steps and self.end is None:
            await self._arrived.wait()
        self._arrived.clear()
        steps, self._steps = self._steps, []
        return steps, self.end

    def add_step(self, step: Step) -> None:
        if self.end is None:
            self._steps.append(step)
            self._arrived.set()

    def finish(self, end: End) -> None:
        """Set the end; the first one stays."""
        if self.end is None:
            self.end = end
            self._arrived.set()


class Bridge:
    """Submits requests and hands out their streams. All but `publish` is for the event loop's thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._streams: dict[str, Stream] = {}
        self._running_ids: set[str] = set()
        self._serial = itertools.count(1)
        self._idle = asyncio.Event()
        self._idle.set()

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop that events are taken to; call it before the engine can publish."""
        self._loop = loop

    def publish(self, events: list[StepEvent]) -> None:
        """Take all events of one step; called on the engine's thread, never blocks."""
        # After the loop is closed nobody listens any more.
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._distribute, events)

    @contextlib.contextmanager
    def open(self, engine: EnginePort, request: GenerateRequest) -> Iterator[Stream]:
        """Submit a request for the length of a block; leaving the block before its end aborts it.

        Raises InvalidRequest when a request of that id is running, and what the engine's submit raises.
        """
        if request.request_id in self._running_ids:
            raise InvalidRequest(f"a request named {request.request_id!r} is running", param="request_id")
        # A name may be used again before the engine has let go of the aborted one, whose last events must not reach the new one.
        stream = Stream(f"{request.request_id}#{next(self._serial)}")
        self._streams[stream.engine_id] = stream
        self._running_ids.add(request.request_id)
        self._idle.clear()
        try:
            engine.submit(dataclasses.replace(request, request_id=stream.engine_id))
            try:
                yield stream
            finally:
                if stream.end is None:
                    engine.abort(stream.engine_id)
        finally:
            del self._streams[stream.engine_id]
            self._running_ids.discard(request.request_id)
            if not self._streams:
                self._idle.set()

    def end_all(self, error: EngineError) -> None:
        """End every open stream with an error, as if the engine had failed each."""
        for stream in self._streams.values():
            stream.finish(RequestFailed(stream.engine_id, error))

    async def wait_until_idle(self, seconds: float) -> bool:
        """Wait until no stream is open, at most that many seconds; False when some still are."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        return self._idle.is_set()

    def _distribute(self, events: list[StepEvent]) -> None:
        steps: dict[str, Step] = {}
        ends: list[End] = []
        for event in events:
            if isinstance(event, ChoiceDelta):
                steps.setdefault(event.request_id, []).append(event)
            else:
                ends.append(event)
        for engine_id, step in steps.items():
            if engine_id in self._streams:
                self._streams[engine_id].add_step(step)
        for end in ends:
            if end.request_id in self._streams:
                self._streams[end.request_id].finish(end)
