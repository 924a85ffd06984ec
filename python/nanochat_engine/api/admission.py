"""Takes a request to the engine: tokenizes and submits it off the event loop, and gives its stream; or tokenizes alone.

Knows limits, tokenizer and engine; must not know which route asks or how it answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from nanochat_engine.api.bridge import Bridge, Stream
from nanochat_engine.api.engine_port import EnginePort
from nanochat_engine.api.prompt import Prompt, check_ids, check_params, prompt_ids
from nanochat_engine.config import Settings
from nanochat_engine.errors import QueueFull
from nanochat_engine.request import GenerateRequest
from nanochat_engine.tokenizer.tokenizer import Tokenizer

Result = TypeVar("Result")

MOST_COMPILING = 16
"""Requests that wait for their constraint; one is compiled at a time."""


@dataclasses.dataclass(frozen=True, slots=True)
class Admitted:
    """A request the engine has taken, and its prompt."""

    stream: Stream
    prompt_ids: tuple[int, ...]
    tokenizer: Tokenizer


class Admission:
    """The one way in for every route that generates or tokenizes."""

    def __init__(self, settings: Settings, engine: EnginePort, bridge: Bridge) -> None:
        self._engine = engine
        self._bridge = bridge
        self._most_preparing = settings.max_running + settings.max_waiting
        self._preparing = 0
        # A constraint may take seconds: it waits in a lane of its own, and takes no place from a prompt meanwhile.
        self._lane = ThreadPoolExecutor(max_workers=4, thread_name_prefix="compile")
        self._places = threading.Semaphore(MOST_COMPILING)

    @contextlib.asynccontextmanager
    async def admit(self, prompt: Prompt, request: GenerateRequest) -> AsyncIterator[Admitted]:
        """Submit `request` with the ids of `prompt` for the length of a block; leaving it early aborts the request.

        Raises Unavailable, QueueFull or InvalidRequest; then nothing has been submitted.
        """
        tokenizer = self._engine.tokenizer
        self._check_room()
        with self._bridge.open(self._engine, request.request_id) as stream:
            if not self._engine.prepared(request):
                await self._prepare(stream, request)
                self._check_room()
            ids = await self._off_the_loop(lambda: _submit(stream, prompt, request, tokenizer))
            yield Admitted(stream, ids, tokenizer)

    async def with_tokenizer(self, work: Callable[[Tokenizer], Result]) -> Result:
        """What `work` makes with the tokenizer, off the event loop. Raises Unavailable, QueueFull and what `work` raises."""
        tokenizer = self._engine.tokenizer
        self._check_room()
        return await self._off_the_loop(lambda: work(tokenizer))

    def _check_room(self) -> None:
        # More than the engine can hold would only wait here, unbounded, to be refused after the work.
        if self._preparing >= self._most_preparing:
            raise QueueFull("Too many requests are waiting.")

    async def _prepare(self, stream: Stream, request: GenerateRequest) -> None:
        # After a worker's death all that it ran come at once, to a cold cache: a resumed one was accepted before, and waits its turn.
        takes_place = not request.resume
        if takes_place and not self._places.acquire(blocking=False):
            raise QueueFull("Too many constraints wait to be compiled.")
        future = self._lane.submit(lambda: None if stream.left else self._engine.prepare(request))
        if takes_place:
            # Not when the caller leaves: what it asked for may run on.
            future.add_done_callback(lambda _: self._places.release())
        await asyncio.wrap_future(future)

    async def _off_the_loop(self, work: Callable[[], Result]) -> Result:
        self._preparing += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(None, work)
        finally:
            self._preparing -= 1


def _submit(stream: Stream, prompt: Prompt, request: GenerateRequest, tokenizer: Tokenizer) -> tuple[int, ...]:
    """Off the event loop, since a long prompt is tokenized and a resumed choice replayed; returns the prompt's ids."""
    if stream.left:
        return ()
    ids = _checked_ids(prompt, request, tokenizer)
    stream.submit(dataclasses.replace(request, prompt_ids=ids))
    return ids


def _checked_ids(prompt: Prompt, request: GenerateRequest, tokenizer: Tokenizer) -> tuple[int, ...]:
    check_params(request.params, tokenizer.vocab_size)
    for index, choice in request.resume.items():
        check_ids(choice.token_ids, tokenizer.vocab_size, f"resume.choices[{index}].token_ids")
    return prompt_ids(prompt, tokenizer)
