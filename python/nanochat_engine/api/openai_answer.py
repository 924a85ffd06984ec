"""How a stream of tokens becomes an OpenAI answer, streamed or whole. What chat and completions differ in is an `AnswerShape`."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from nanochat_engine.api.admission import Admitted
from nanochat_engine.api.bridge import Step
from nanochat_engine.api.compact_json import encode
from nanochat_engine.api.error_response import error_body
from nanochat_engine.api.exchange import Wire
from nanochat_engine.request import FinishReason, RequestDone, RequestFailed

_EVENT_STREAM = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}

Choice = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """opening: a choice's first chunk, if any; part: a piece of its text, or its finish; whole: all of it."""

    id_prefix: str
    object: str
    chunk_object: str
    opening: Callable[[int], Choice | None]
    part: Callable[[int, str, FinishReason | None], Choice]
    whole: Callable[[int, str, FinishReason | None], Choice]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its shape and what is the same in all its chunks. n: choices."""

    shape: AnswerShape
    id: str
    model: str
    n: int
    include_usage: bool
    admit: Callable[[], AbstractAsyncContextManager[Admitted]]
    created: int = field(default_factory=lambda: int(time.time()))

    async def stream(self, wire: Wire) -> None:
        """Server-sent events, ending with [DONE] also after an error."""
        async with self.admit() as admitted:
            await wire.start({**_EVENT_STREAM, "x-request-id": self.id})
            openings = [self.shape.opening(index) for index in range(self.n)]
            events = [self._chunk([opening]) for opening in openings if opening is not None]
            if events:
                await wire.write("".join(events))
            end = await wire.follow(admitted.stream, self._events)
            await wire.write("".join(self._ending(end)), last=True)

    async def collect(self, wire: Wire) -> None:
        """One JSON body. Raises the EngineError of a request that failed."""
        texts = [""] * self.n
        finishes: list[FinishReason | None] = [None] * self.n
        async with self.admit() as admitted:
            end = None
            while end is None:
                steps, end = await admitted.stream.take()
                for delta in (delta for step in steps for delta in step):
                    texts[delta.index] += delta.text
                    finishes[delta.index] = delta.finish_reason
        if isinstance(end, RequestFailed):
            raise end.error
        body = self._head(self.shape.object)
        body["choices"] = [self.shape.whole(index, texts[index], finishes[index]) for index in range(self.n)]
        body["usage"] = _usage(end)
        await wire.start({"content-type": "application/json", "x-request-id": self.id})
        await wire.write(encode(body), last=True)

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _events(self, step: Step) -> str:
        return "".join(
            self._chunk([self.shape.part(delta.index, text, finish)])
            for delta in step
            for text, finish in ((delta.text, None), ("", delta.finish_reason))
            if text or finish is not None
        )

    def _chunk(self, choices: list[Choice], usage: dict[str, Any] | None = None) -> str:
        chunk = {**self._head(self.shape.chunk_object), "choices": choices}
        if self.include_usage:
            chunk["usage"] = usage
        return f"data: {encode(chunk)}\n\n"

    def _ending(self, end: RequestDone | RequestFailed) -> list[str]:
        events: list[str] = []
        if isinstance(end, RequestFailed):
            events.append(f"data: {encode(error_body(end.error))}\n\n")
        elif self.include_usage:
            events.append(self._chunk([], _usage(end)))
        return [*events, "data: [DONE]\n\n"]


def _usage(end: RequestDone) -> dict[str, Any]:
    return {
        "prompt_tokens": end.prompt_tokens,
        "completion_tokens": end.completion_tokens,
        "total_tokens": end.prompt_tokens + end.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": end.cached_tokens},
    }
