"""The helper process that compiles first: what takes too long or too much memory dies here and not in the engine.

It says "ready"; then each line of JSON, [kind, source], gets a line: {"path": hexadecimal bytes of a short answer} or {"error": reason}.
It ends with its input.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys

from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import InvalidRequest
from nanochat_engine.grammar.byte_grammar import LIMITS, byte_matcher
from nanochat_engine.grammar.closing import Search
from nanochat_engine.grammar.source import grammar_of

_MEMORY_BYTES = 1 << 30
_CPU_SECONDS = 3
# Beside a model that computes, a helper nicer than this would wait for seconds.
_NICE = 5
# Of the search for an answer: 0.2 s of a processor.
_FUEL, _IMPROVING = 50_000, 30_000


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


def main() -> None:
    os.nice(_NICE)
    _limit(resource.RLIMIT_AS, _MEMORY_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        # A compilation that outlives its engine ends by this.
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + _CPU_SECONDS)
        kind, source = json.loads(line)
        sys.stdout.write(json.dumps(answer(Constraint(kind, source))) + "\n")
        sys.stdout.flush()


def _limit(what: int, soft: int) -> None:
    # macOS knows no limit of address space.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (soft, resource.getrlimit(what)[1]))


if __name__ == "__main__":
    main()
