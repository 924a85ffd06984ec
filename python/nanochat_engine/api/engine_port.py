"""What the routes need of an engine, as a type: tests stand a scripted one in its place."""

from __future__ import annotations

from typing import Protocol

from nanochat_engine.request import GenerateRequest
from nanochat_engine.snapshot import EngineSnapshot
from nanochat_engine.tokenizer.tokenizer import Tokenizer


class EnginePort(Protocol):
    """The engine; every method may be called from any thread and, but for `submit`, returns within a millisecond or so."""

    @property
    def tokenizer(self) -> Tokenizer:
        """Raises Unavailable until the checkpoint is read."""

    def prepared(self, request: GenerateRequest) -> bool:
        """Whether `prepare` has nothing to do for this request."""

    def prepare(self, request: GenerateRequest) -> None:
        """Compile the request's constraint, which may take seconds and waits for others.

        Raises QueueFull, Unavailable, InternalError or InvalidRequest.
        """

    def submit(self, request: GenerateRequest) -> None:
        """Queue a request; a long resumption takes tens of milliseconds, of a constrained answer a second or so. Then events will come.

        Raises QueueFull, Unavailable or InvalidRequest.
        """

    def abort(self, request_id: str) -> None:
        """Drop a request; ids that are not known any more are ignored."""

    def snapshot(self) -> EngineSnapshot: ...
