"""What /proc tells of a process: resident bytes by kind, open descriptors. Linux only; elsewhere nothing is known."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

KINDS = ("RssAnon", "RssShmem", "RssFile")
_PERIOD = 0.25


def resident(status: str) -> dict[str, int]:
    """Bytes of each kind from the text of /proc/PID/status. Own: what no file stands behind, RssAnon + RssShmem."""
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    found = {kind: int(lines[kind].split()[0]) * 1024 for kind in KINDS if kind in lines}
    return {**found, "own": found.get("RssAnon", 0) + found.get("RssShmem", 0)} if found else {}


def resident_of(pid: int) -> dict[str, int]:
    """As `resident`; empty where the process or its figures can't be read."""
    try:
        return resident(Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return {}


def descriptors_of(pid: int) -> int | None:
    """Open descriptors, or None where they can't be counted."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None


class Peak:
    """The highest figures seen so far of one process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.highest: dict[str, int] = {}
        self.seen: list[int] = []

    def look(self) -> None:
        now = resident_of(self._pid)
        self.highest = {kind: max(size, self.highest.get(kind, 0)) for kind, size in now.items()} or self.highest
        if "own" in now:
            self.seen.append(now["own"])


@contextlib.asynccontextmanager
async def watching(pid: int) -> AsyncIterator[Peak]:
    """Look at the process four times a second meanwhile."""
    peak = Peak(pid)

    async def watch() -> None:
        while True:
            peak.look()
            await asyncio.sleep(_PERIOD)

    task = asyncio.create_task(watch())
    try:
        yield peak
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        peak.look()
