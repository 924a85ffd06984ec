"""A real engine process on a golden checkpoint and any free port, its JSON log read line by line."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

PYTHON_FOLDER = Path(__file__).parents[2]
GOLDEN = PYTHON_FOLDER / "tests" / "fixtures" / "golden" / "2026-03-14"
# Ten times and more what a loaded machine of two cores needs.
DEADLINE = 120.0


def environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(PYTHON_FOLDER), "ENGINE_THREADS": "1", "MAX_RUNNING": "4", **more}


class EngineChild:
    """`python -m nanochat_engine` as a child; killed at the end of the block."""

    def __init__(
        self,
        *arguments: str,
        model: Path = GOLDEN,
        port: int = 0,
        program: tuple[str, ...] = ("-m", "nanochat_engine"),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *program, "--model", str(model), "--port", str(port), *arguments],
            env=environment(**(variables or {})),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.lines: list[dict[str, Any]] = []
        self._arrived: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def line(self, message: str) -> dict[str, Any]:
        """The first log line with this message, waited for."""
        end = time.monotonic() + DEADLINE
        while True:
            found = self._arrived.get(timeout=max(end - time.monotonic(), 0.001))
            assert found is not None, f"the engine left before {message!r}: {self.lines}"
            if found["message"] == message:
                return found

    @property
    def url(self) -> str:
        if not hasattr(self, "_url"):
            self._url = f"http://127.0.0.1:{self.line('listening')['port']}"
        return self._url

    def health(self) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{self.url}/health", timeout=DEADLINE, trust_env=False).json()
        return answer

    def wait_until(self, state: str) -> None:
        end = time.monotonic() + DEADLINE
        while self.health()["state"] != state:
            assert time.monotonic() < end
            time.sleep(0.05)

    def exit_code(self) -> int:
        code = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        return code

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            line = json.loads(raw)
            self.lines.append(line)
            self._arrived.put(line)
        self._arrived.put(None)
