"""A Python module as a child process that gets lines and gives a line for each; nothing it does makes its parent wait without end."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]
_MOST_LINE = 1 << 20
_MOST_SAID = 2000


class Ended(Exception):
    """The child is gone. signal: what ended it, None where it left by itself. said: the end of its errors."""

    def __init__(self, code: int, said: str) -> None:
        self.signal = signal.Signals(-code) if code < 0 else None
        self.said = said
        super().__init__(
            f"{self.signal.name if self.signal else f'exit code {code}'}: {said.strip() or 'nothing said'}"
        )


class Child:
    """Not thread-safe."""

    def __init__(self, module: str, *arguments: str) -> None:
        # A pipe nobody reads would hold the child up.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in kill
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=_PACKAGE_PARENT,
            bufsize=0,
        )
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def exchange(self, question: bytes, seconds: float) -> bytes:
        """Write `question` and read a line, without its end. Raises Ended, TimeoutError; then the child is of no further use."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise Ended(0, "it has no pipes")
        deadline = time.monotonic() + seconds
        received = bytearray()
        # Not select(): it ends the process, or worse, where a descriptor is over 1023.
        with selectors.PollSelector() as ready:
            ready.register(stdout, selectors.EVENT_READ)
            if question:
                ready.register(stdin, selectors.EVENT_WRITE)
            while not received.endswith(b"\n"):
                events = ready.select(deadline - time.monotonic())
                if time.monotonic() >= deadline:
                    raise TimeoutError(f"no answer within {seconds:.0f} s")
                for key, _ in events:
                    if key.fileobj is stdin:
                        question = question[self._write(question) :]
                        if not question:
                            ready.unregister(stdin)
                    else:
                        received += self._read(len(received))
        return bytes(received[:-1])

    def kill(self) -> None:
        """End it, and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _write(self, question: bytes) -> int:
        if self._process.stdin is None:
            return 0
        try:
            return os.write(self._process.stdin.fileno(), question)
        except BlockingIOError:
            return 0
        except OSError:
            raise self._ended() from None

    def _read(self, received: int) -> bytes:
        if self._process.stdout is None or received > _MOST_LINE:
            raise Ended(0, "its line has no end")
        try:
            piece = os.read(self._process.stdout.fileno(), 1 << 16)
        except BlockingIOError:
            return b""
        if not piece:
            raise self._ended()
        return piece

    def _ended(self) -> Ended:
        """Its pipe is closed: it is gone, or about to be."""
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return Ended(0, "it closed its pipe")
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - _MOST_SAID))
        return Ended(code, self._errors.read().decode(errors="replace"))
