"""Takes a request to the engine: tokenizes and submits it off the event loop, and gives its stream; or tokenizes alone.

Knows limits, tokenizer and engine; must not know which route asks or how it answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from nanochat_engine.api.bridge import Bridge, Stream
from nanochat_engine.api.constraint_lane import ConstraintLane
from nanochat_engine.api.engine_port import EnginePort
from nanochat_engine.api.prompt import Prompt, check_ids, check_params, prompt_ids
from nanochat_engine.config import Settings
from nanochat_engine.errors import QueueFull
from nanochat_engine.request import GenerateRequest
from nanochat_engine.tokenizer.tokenizer import Tokenizer

Result = TypeVar("Result")


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
        self._lane = ConstraintLane(engine, self._most_preparing)

    @contextlib.asynccontextmanager
    async def admit(self, prompt: Prompt, request: GenerateRequest) -> AsyncIterator[Admitted]:
        """Submit `request` with the ids of `prompt` for the length of a block; leaving it early aborts the request.

        Raises Unavailable, QueueFull or InvalidRequest; then nothing has been submitted.
        """
        tokenizer = self._engine.tokenizer
        self._check_room()
        with self._bridge.open(self._engine, request.request_id) as stream:
            if request.constraint is not None and not self._engine.prepared(request):
                await self._lane.prepare(request, request.constraint)
                # Many may come out at once; what is resumed is never refused for that.
                if not request.resume:
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
