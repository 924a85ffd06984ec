"""The bridge between the engine's thread and asyncio: one crossing a step, then each request's events go to its own stream.

Knows threads and events; must not know HTTP, JSON or what a request asks for.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import logging
import threading
from collections.abc import Callable, Iterator

from nanochat_engine.api.engine_port import EnginePort
from nanochat_engine.errors import EngineError, InvalidRequest
from nanochat_engine.request import ChoiceDelta, GenerateRequest, PromptLogprobs, RequestDone, RequestFailed, StepEvent

# How long the engine waits for the event loop to take a step: far more than a busy loop needs, less than a hang is.
STUCK_SECONDS = 5.0

Step = list[ChoiceDelta]
End = RequestDone | RequestFailed
# Passes a step on at once, or returns False where it can't and leaves it to be taken.
Sink = Callable[[Step], bool]

_log = logging.getLogger(__name__)


class Stream:
    """The events of one request, in order. All but `submit` is for the event loop; it holds at most what max_tokens allows."""

    def __init__(self, engine_id: str, engine: EnginePort) -> None:
        self.engine_id = engine_id
        self.end: End | None = None
        self._engine = engine
        self._steps: list[Step] = []
        self._prompt: PromptLogprobs | None = None
        self._arrived = asyncio.Event()
        self._sink: Sink | None = None
        self._submitted = False
        self._left = threading.Event()

    @property
    def left(self) -> bool:
        """Whether nobody waits for this request any more."""
        return self._left.is_set()

    def submit(self, request: GenerateRequest) -> None:
        """Submit the request under this stream's own id, unless it was left meanwhile; on any thread.

        Raises what the engine's submit raises.
        """
        if self._left.is_set():
            return
        self._engine.submit(dataclasses.replace(request, request_id=self.engine_id))
        self._submitted = True
        # Left between the two: `leave` may have looked before there was anything to abort.
        if self._left.is_set():
            self._engine.abort(self.engine_id)

    def leave(self) -> None:
        """Take no more of it; what has not ended is aborted."""
        self._left.set()
        if self._submitted and self.end is None:
            self._engine.abort(self.engine_id)

    async def take(self, sink: Sink | None = None) -> tuple[list[Step], End | None]:
        """Every step since the last call, waiting for news; with the end, once everything before it is taken.

        sink: while this waits, steps go to it as they come, without waking the task; the first it can't take ends the wait.
        """
        if not self._steps and self.end is None:
            self._sink = sink
            try:
                await self._arrived.wait()
            finally:
                self._sink = None
        self._arrived.clear()
        steps, self._steps = self._steps, []
        return steps, self.end

    async def take_prompt(self) -> PromptLogprobs | None:
        """The prompt's log-probabilities, which come before any step; None where the request ends without."""
        while self._prompt is None and self.end is None:
            await self._arrived.wait()
            self._arrived.clear()
        # What came with it is still to be taken; `take` looks before it waits.
        return self._prompt

    def add_prompt(self, prompt: PromptLogprobs) -> None:
        self._prompt = prompt
        self._arrived.set()

    def add_step(self, step: Step) -> None:
        # A step that waits to be taken must not be overtaken.
        if self.end is None and (self._steps or self._sink is None or not self._sink(step)):
            self._steps.append(step)
            self._arrived.set()

    def finish(self, end: End) -> None:
        """Set the end; the first one stays."""
        if self.end is None:
            self.end = end
            self._arrived.set()


class Bridge:
    """Opens streams and fills them. All but `publish` is for the event loop's thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._streams: dict[str, Stream] = {}
        self._running_ids: set[str] = set()
        self._serial = itertools.count(1)
        self._idle = asyncio.Event()
        self._idle.set()
        # Guards the loop and how many published steps it has not handed out yet.
        self._turn = threading.Condition()
        self._ahead = 0

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop that events are taken to; call it before the engine can publish."""
        with self._turn:
            self._loop, self._ahead = loop, 0

    def unbind(self) -> None:
        """Nobody listens from now on: what is published is dropped, and a publisher that waits goes on."""
        with self._turn:
            self._loop = None
            self._turn.notify_all()

    def publish(self, events: list[StepEvent]) -> None:
        """Take all events of one step; called on the engine's thread, never on the loop's.

        Waits until the step before has been handed to its streams, so that a slow loop slows the engine and tokens don't
        come in bursts; no longer than STUCK_SECONDS, and not at all once unbound.
        """
        with self._turn:
            if not self._turn.wait_for(lambda: self._ahead == 0 or self._loop is None, STUCK_SECONDS):
                _log.warning("the event loop takes no steps", extra={"seconds": STUCK_SECONDS})
            if self._loop is None:
                return
            self._ahead += 1
            # A loop that was closed without unbinding has no listeners either.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._hand_out, events)
                return
        self.unbind()

    @contextlib.contextmanager
    def open(self, engine: EnginePort, request_id: str) -> Iterator[Stream]:
        """A stream to submit a request with, for the length of a block; leaving the block before its end aborts it.

        Raises InvalidRequest when a request of that id is open.
        """
        if request_id in self._running_ids:
            raise InvalidRequest(f"a request named {request_id!r} is running", param="request_id")
        # A name may be used again before the engine has let go of the aborted one, whose last events must not reach the new one.
        stream = Stream(f"{request_id}#{next(self._serial)}", engine)
        self._streams[stream.engine_id] = stream
        self._running_ids.add(request_id)
        self._idle.clear()
        try:
            yield stream
        finally:
            stream.leave()
            del self._streams[stream.engine_id]
            self._running_ids.discard(request_id)
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

    def _hand_out(self, events: list[StepEvent]) -> None:
        try:
            self._distribute(events)
        finally:
            with self._turn:
                self._ahead -= 1
                self._turn.notify_all()

    def _distribute(self, events: list[StepEvent]) -> None:
        steps: dict[str, Step] = {}
        ends: list[End] = []
        for event in events:
            if isinstance(event, ChoiceDelta):
                steps.setdefault(event.request_id, []).append(event)
            elif isinstance(event, PromptLogprobs):
                if event.request_id in self._streams:
                    self._streams[event.request_id].add_prompt(event)
            else:
                ends.append(event)
        for engine_id, step in steps.items():
            if engine_id in self._streams:
                self._streams[engine_id].add_step(step)
        for end in ends:
            if end.request_id in self._streams:
                self._streams[end.request_id].finish(end)
