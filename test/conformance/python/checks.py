"""What the Python suites share: a check is a sentence of behaviour and a block that raises where it does not hold."""

from __future__ import annotations

import json
import os
import sys
import traceback
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

REAL_URL = os.environ["REAL_URL"]
FAKE_URL = os.environ["FAKE_URL"]
_PLAIN = {
    "reply": "The quick brown fox jumps over the lazy dog.",
    "tokenDelayMs": 0,
    "refuse": None,
    "errorAfterTokens": None,
    "cutAfterTokens": None,
}


def told(check: str, ok: bool, reason: str = "", note: str = "") -> None:
    """Write what became of a check, for the table; a note stands there whether it holds or not."""
    with open(os.environ["RESULTS"], "a") as file:
        file.write(json.dumps({"check": check, "ok": ok, "reason": reason, "note": note}) + "\n")


def check(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Run the decorated function at once."""

    def run(body: Callable[[], None]) -> Callable[[], None]:
        try:
            body()
        except Exception as error:
            traceback.print_exc()
            told(name, False, f"{type(error).__name__}: {error}" if str(error) else _where(error))
        else:
            told(name, True)
        return body

    return run


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {frame.line}"


def script(**changes: Any) -> None:
    """What the fake engine does from now on; what is not named is as at its start."""
    request = urllib.request.Request(
        os.environ["FAKE_CONTROL"] + "/fake/script", json.dumps({**_PLAIN, **changes}).encode(), method="POST"
    )
    with urllib.request.urlopen(request):
        pass


def call_text(name: str, arguments: str) -> str:
    """A call as the model writes it."""
    return f'<tool_call>{{"name":"{name}","arguments":{arguments}}}</tool_call>'


class Failure:
    """The error that a block ended with."""

    error: Any = None


@contextmanager
def failing(*classes: type[BaseException]) -> Iterator[Failure]:
    """The block must end with one of these errors; raises AssertionError where it does not."""
    seen = Failure()
    try:
        yield seen
    except classes as error:
        print("as expected:", repr(error), file=sys.stderr)
        seen.error = error
        return
    raise AssertionError(f"expected {classes[0].__name__}, but there was no failure")
