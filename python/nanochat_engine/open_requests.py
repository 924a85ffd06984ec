"""The requests that have not ended: which choices are left, what they have used, and the events that end them."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Several
from dataclasses import dataclass

from nanochat_engine.errors import EngineError
from nanochat_engine.request import ChoiceDelta, GenerateRequest, RequestDone, RequestFailed, StepEvent
from nanochat_engine.sequence import Sequence


@dataclass(slots=True)
class _Open:
    prompt_tokens: int
    sequences: list[Sequence]
    unfinished: int


class OpenRequests:
    """By request id. Only the engine uses it, under its lock."""

    def __init__(self) -> None:
        self._requests: dict[str, _Open] = {}
        self._openings: list[ChoiceDelta] = []
        self._finished = 0

    def __contains__(self, request_id: str) -> bool:
        return request_id in self._requests

    @property
    def unannounced(self) -> bool:
        """Whether a resumed choice has text or an end to tell before any step."""
        return bool(self._openings)

    def add(self, request: GenerateRequest, sequences: list[Sequence]) -> None:
        self._requests[request.request_id] = _Open(len(request.prompt_ids), sequences, len(sequences))
        self._openings += [sequence.opening for sequence in sequences if sequence.opening is not None]

    def take_openings(self) -> list[StepEvent]:
        """What newly resumed requests owe, as events."""
        openings, self._openings = self._openings, []
        return self.enter([opening for opening in openings if opening.request_id in self._requests])

    def enter(self, deltas: Iterable[ChoiceDelta]) -> list[StepEvent]:
        """The deltas as events, each request's end after its last."""
        events: list[StepEvent] = []
        for delta in deltas:
            events.append(delta)
            if delta.finish_reason is None:
                continue
            request = self._requests[delta.request_id]
            request.unfinished -= 1
            if request.unfinished == 0:
                del self._requests[delta.request_id]
                self._finished += 1
                generated = sum(sequence.generated for sequence in request.sequences)
                # The first choice's: the others find what it has computed.
                cached = request.sequences[0].cached_tokens or 0
                events.append(RequestDone(delta.request_id, request.prompt_tokens, generated, cached))
        return events

    def take_finished(self) -> int:
        """Requests that finished since the last call."""
        finished, self._finished = self._finished, 0
        return finished

    def drop(self, request_id: str) -> Several[Sequence]:
        """Forget a request; returns its sequences."""
        return self._requests.pop(request_id).sequences

    def fail_all(self, error: EngineError) -> list[StepEvent]:
        """End every open request with `error`."""
        failed: list[StepEvent] = [RequestFailed(request_id, error) for request_id in self._requests]
        self._requests.clear()
        return failed
