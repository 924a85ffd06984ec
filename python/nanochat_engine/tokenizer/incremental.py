"""Bytes of tokens to text that can be shown: whole characters only, up to the first stop string.

Everything here is a pure function of the bytes fed, however they were split, so a resumed stream is replayed and never
serialised. Memory is bounded by the longest stop string. It knows no token ids.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class IncrementalDecoder:
    """UTF-8 over token borders: releases whole characters, and U+FFFD for bytes that can't become one."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, data: bytes) -> str:
        return self._decoder.decode(data)

    def finish(self) -> str:
        """U+FFFD for a character cut short, else the empty string."""
        return self._decoder.decode(b"", final=True)


class StopMatcher:
    """Ends a text before the stop string that starts first in it; text that may yet become one is held back.

    found: the stop string that ended the text; of several that start at one place the shortest, which is complete first.
    A stop string that is complete waits while one that started before it may still complete; `finish` settles it,
    so read `found` and `stopped` after `finish` too.
    """

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.found: str | None = None

    @property
    def stopped(self) -> bool:
        return self.found is not None

    def feed(self, text: str) -> str:
        """The text that is now certain to come before any stop string."""
        if self.stopped:
            return ""
        if not self._stops:
            return text
        self._held += text
        match, pending = self._first_match(), self._first_pending()
        if match <= pending and match < len(self._held):
            return self._stop_at(match)
        released, self._held = self._held[:pending], self._held[pending:]
        return released

    def finish(self) -> str:
        """The text held back, up to a stop string complete in it."""
        if self.stopped:
            return ""
        match = self._first_match()
        if match < len(self._held):
            return self._stop_at(match)
        released, self._held = self._held, ""
        return released

    def _stop_at(self, position: int) -> str:
        self.found = min([stop for stop in self._stops if self._held.startswith(stop, position)], key=len)
        released, self._held = self._held[:position], ""
        return released

    def _first_match(self) -> int:
        """Where the first complete stop string starts, or the length of the held text."""
        starts = [self._held.find(stop) for stop in self._stops]
        return min([start for start in starts if start >= 0], default=len(self._held))

    def _first_pending(self) -> int:
        """Where the longest end of the held text starts that is a proper prefix of a stop string."""
        longest = 0
        for stop in self._stops:
            for size in range(min(len(stop) - 1, len(self._held)), longest, -1):
                if self._held.endswith(stop[:size]):
                    longest = size
                    break
        return len(self._held) - longest


class TextStream:
    """Decoder and stop matcher in one.

    stopped: a stop string, `found`, has ended the text; nothing is released after it. Read them after `finish` too.
    released: characters released so far.
    """

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._decoder = IncrementalDecoder()
        self._matcher = StopMatcher(stops)
        self.released = 0

    @property
    def stopped(self) -> bool:
        return self._matcher.stopped

    @property
    def found(self) -> str | None:
        return self._matcher.found

    def feed(self, token_bytes: bytes, *, stoppable: bool = True) -> str:
        """The text that this token makes certain; often empty in the middle of a character or of a possible stop string.

        stoppable: whether stop strings are looked for from here on; before, text is released as it comes. Never False after True.
        """
        text = self._decoder.feed(token_bytes)
        return self._release(self._matcher.feed(text) if stoppable else text)

    def finish(self) -> str:
        """The rest of the text. Call it once, when no token will follow."""
        text = self._matcher.feed(self._decoder.finish())
        return self._release(text + self._matcher.finish())

    def _release(self, text: str) -> str:
        self.released += len(text)
        return text
