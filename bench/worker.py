"""A process that answers requests, a line of JSON each: `serve` is its side, `Worker` the driver's."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

_LINE_LIMIT = 1 << 20


class WorkerFailed(Exception):
    """The worker said why it could not, or died."""


def serve(handlers: Mapping[str, Callable[..., Any]]) -> None:
    """Answer requests from standard input until it ends. What handlers print goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": handlers[request.pop("do")](**request)}
        except Exception as error:  # noqa: BLE001 - whatever it was, the driver tells it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


class Worker:
    """Runs `python -m MODULE`; one request at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, python: Path, module: str, environment: Mapping[str, str], cwd: Path, log: TextIO) -> Worker:
        process = await asyncio.create_subprocess_exec(
            str(python),
            *("-m", module),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env={**os.environ, **environment},
            cwd=cwd,
            limit=_LINE_LIMIT,
        )
        return cls(process)

    async def ask(self, do: str, **arguments: Any) -> Any:
        """Raises WorkerFailed with the worker's reason."""
        if self._process.stdin is None or self._process.stdout is None:
            raise WorkerFailed("it has no pipes")
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            line = await self._process.stdout.readline()
        except ConnectionError:
            line = b""
        if not line:
            raise WorkerFailed(f"it left with code {await self._process.wait()}; the log says why")
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerFailed(answer["error"])
        return answer["result"]

    async def stop(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
