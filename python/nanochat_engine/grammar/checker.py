"""Keeps the helper process: one question at a time, killed when it takes too long, started anew by the next question."""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
import sys
import threading
import time
from pathlib import Path

from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import QueueFull, Unavailable
from nanochat_engine.grammar.refusal import TooSlow, refuse

# A refusal has 2 s in all, on a machine that computes beside.
ANSWER_SECONDS = 1.2
START_SECONDS = 20.0
WAIT_SECONDS = 10.0

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]


class Checker:
    """Thread-safe. answer_seconds: what one constraint may take before the helper is killed."""

    def __init__(self, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._answer_seconds = answer_seconds
        self._lock = threading.Lock()
        self._helper: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the helper before the first question needs it."""
        with self._lock:
            self._running()

    def shortest(self, constraint: Constraint) -> bytes:
        """A short answer that satisfies the constraint, as found from its start.

        Raises InvalidRequest where it does not compile, takes too much or can't be satisfied, QueueFull where others wait too long.
        """
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise QueueFull("Too many constraints wait to be compiled.")
        try:
            reply = self._ask(constraint)
        finally:
            self._lock.release()
        if reply is None:
            message = f"{constraint.kind} takes too long or too much memory to compile. Simplify it."
            raise TooSlow(message, param="constraint")
        if "error" in reply:
            raise refuse(reply["error"])
        return bytes.fromhex(reply["path"])

    def close(self) -> None:
        """End the helper."""
        with self._lock:
            self._end()

    def _ask(self, constraint: Constraint) -> dict[str, str] | None:
        helper = self._running()
        if helper.stdin is None:
            raise Unavailable("The helper that compiles constraints has no input.")
        try:
            helper.stdin.write(json.dumps([constraint.kind, constraint.source]).encode() + b"\n")
            helper.stdin.flush()
            line = _line(helper, self._answer_seconds)
        except OSError:
            line = None
        if line is None:
            self._end()
            return None
        reply: dict[str, str] = json.loads(line)
        return reply

    def _running(self) -> subprocess.Popen[bytes]:
        if self._helper is not None and self._helper.poll() is not None:
            self._end()
        if self._helper is None:
            command = [sys.executable, "-m", "nanochat_engine.grammar.helper"]
            self._helper = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_PACKAGE_PARENT
            )
            # A first question pays for no start.
            if _line(self._helper, START_SECONDS) is None:
                self._end()
                raise Unavailable("The helper that compiles constraints does not start.")
        return self._helper

    def _end(self) -> None:
        helper, self._helper = self._helper, None
        if helper is None:
            return
        helper.kill()
        helper.wait()
        for pipe in (helper.stdin, helper.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _line(helper: subprocess.Popen[bytes], seconds: float) -> bytes | None:
    """The helper's next line without its end, None where it ended or took longer."""
    if helper.stdout is None:
        return None
    received = bytearray()
    deadline = time.monotonic() + seconds
    while not received.endswith(b"\n"):
        ready, _, _ = select.select([helper.stdout], [], [], max(0.0, deadline - time.monotonic()))
        piece = helper.stdout.read1(1 << 16) if ready else b""  # type: ignore[attr-defined]
        if not piece:
            return None
        received += piece
    return bytes(received[:-1])
