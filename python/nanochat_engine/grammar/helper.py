"""The helper process that compiles first: what takes too long or too much memory dies here and not in the engine.

It says "ready"; then each line of JSON, [kind, source], gets a line: {"path": hexadecimal bytes of a short answer}, {"error": reason},
{"large": ""} where memory was short, or {"fault": reason} for what nobody expected. It ends with its input.
Arguments: seconds of a processor a question may take, after which SIGPROF ends it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys

from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import InvalidRequest
from nanochat_engine.grammar.byte_grammar import LIMITS, byte_matcher
from nanochat_engine.grammar.closing import Search
from nanochat_engine.grammar.source import grammar_of

_MEMORY_BYTES = 1 << 30
# Of what it says when it crashes; its errors go to a file.
_MOST_WRITTEN = 1 << 20
# Beside a model that computes, a helper nicer than this would wait for seconds.
_NICE = 2
# Of the search for an answer: 0.15 s of a processor.
_FUEL, _IMPROVING = 50_000, 15_000


def answer(constraint: Constraint) -> dict[str, str]:
    """Compile over bytes and find a short answer."""
    try:
        matcher = byte_matcher(grammar_of(constraint), LIMITS)
    except InvalidRequest as error:
        return {"error": error.message}
    if matcher.is_error():
        return {"error": f"{constraint.kind} does not compile: {matcher.get_error()}"}
    path = Search(matcher, _FUEL).shortest(_IMPROVING)
    if path is None:
        return {
            "error": f"{constraint.kind}: no text was found that satisfies it (it may be contradictory or too complex)."
        }
    return {"path": path.hex()}


def reply(line: str) -> dict[str, str]:
    """To a line as it came."""
    try:
        kind, source = json.loads(line)
        return answer(Constraint(kind, source))
    except MemoryError:
        return {"large": ""}
    except BaseException as error:  # noqa: BLE001 - a panic of llguidance's is no Exception
        return {"fault": f"{type(error).__name__}: {error}"[:2000]}


def main() -> None:
    seconds = float(sys.argv[1])
    os.nice(_NICE)
    _limit(resource.RLIMIT_AS, _MEMORY_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, _MOST_WRITTEN)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        # It counts this process's work, not the wait for a processor, and needs no engine that still lives.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        told = reply(line)
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def _limit(what: int, soft: int) -> None:
    # macOS knows no limit of address space.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (soft, resource.getrlimit(what)[1]))


if __name__ == "__main__":
    main()
