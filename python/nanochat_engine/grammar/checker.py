"""Asks the helper process, one question at a time, and says what became of it: an answer, a limit that it met, or a fault of ours."""

from __future__ import annotations

import json
import logging
import signal
import threading

from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import InternalError, QueueFull, Unavailable
from nanochat_engine.grammar.child import Child, Ended
from nanochat_engine.grammar.refusal import TooSlow, refuse
from nanochat_engine.grammar.source import check_size

# A refusal has 2 s in all, on a machine that computes beside.
CPU_SECONDS = 0.4
# Only a machine that gives the helper next to nothing makes a question last this long.
ANSWER_SECONDS = 20.0
START_SECONDS = 20.0
WAIT_SECONDS = 10.0

_log = logging.getLogger(__name__)


class Checker:
    """Thread-safe. cpu_seconds: what one constraint may take of a processor. answer_seconds: what it may take by the clock."""

    def __init__(self, cpu_seconds: float = CPU_SECONDS, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._cpu_seconds = cpu_seconds
        self._answer_seconds = answer_seconds
        self._lock = threading.Lock()
        self._helper: Child | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The helper's, None where none was started."""
        helper = self._helper
        return helper.pid if helper is not None else None

    def start(self) -> None:
        """Start the helper before the first question needs it. Raises Unavailable."""
        with self._lock:
            self._running()

    def shortest(self, constraint: Constraint) -> bytes:
        """A short answer that satisfies the constraint, as found from its start.

        Raises InvalidRequest where it does not compile, takes too much or can't be satisfied, QueueFull where others wait too long,
        Unavailable where the machine is too busy, InternalError where the helper failed.
        """
        check_size(constraint)
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise QueueFull("Too many constraints wait to be compiled.")
        try:
            reply = self._ask(constraint)
        finally:
            self._lock.release()
        if "error" in reply:
            raise refuse(reply["error"])
        if "large" in reply:
            raise _too_large(constraint)
        if "fault" in reply:
            raise _fault(reply["fault"])
        return bytes.fromhex(reply["path"])

    def close(self) -> None:
        """End the helper; none is started again."""
        with self._lock:
            self._closed = True
            self._end()

    def _ask(self, constraint: Constraint) -> dict[str, str]:
        question = json.dumps([constraint.kind, constraint.source]).encode() + b"\n"
        try:
            line = self._running().exchange(question, self._answer_seconds)
            reply: dict[str, str] = json.loads(line)
        except TimeoutError as error:
            self._end()
            raise Unavailable("The machine is too busy to compile the constraint now.") from error
        except Ended as ended:
            self._end()
            raise _reason(constraint, ended) from ended
        except BaseException:
            # Half a question or half an answer would be taken for the next one's.
            self._end()
            raise
        return reply

    def _running(self) -> Child:
        if self._closed:
            raise Unavailable("The engine is shutting down.", code="shutting_down")
        if self._helper is not None and not self._helper.alive:
            self._end()
        if self._helper is None:
            self._helper = Child("nanochat_engine.grammar.helper", str(self._cpu_seconds))
            # A first question pays for no start.
            try:
                self._helper.exchange(b"", START_SECONDS)
            except (Ended, TimeoutError) as error:
                self._end()
                _log.error("the helper that compiles constraints does not start", extra={"reason": str(error)})
                raise Unavailable("The helper that compiles constraints does not start.") from error
        return self._helper

    def _end(self) -> None:
        helper, self._helper = self._helper, None
        if helper is not None:
            helper.kill()


def _reason(constraint: Constraint, ended: Ended) -> Exception:
    """Why the helper ended over a constraint: by its own limits, or by a fault."""
    if ended.signal == signal.SIGPROF:
        return TooSlow(
            f"{constraint.kind} is too complex: it takes too long to compile. Simplify it.", param="constraint"
        )
    # Rust says so before it aborts.
    if ended.signal == signal.SIGABRT and "memory allocation" in ended.said:
        return _too_large(constraint)
    return _fault(str(ended))


def _too_large(constraint: Constraint) -> TooSlow:
    return TooSlow(
        f"{constraint.kind} is too large: it takes too much memory to compile. Simplify it.", param="constraint"
    )


def _fault(reason: str) -> InternalError:
    _log.error("the helper that compiles constraints failed", extra={"reason": reason})
    return InternalError("The constraint could not be compiled, by a fault of the engine.")
