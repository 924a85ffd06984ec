"""Starts the engine, alone or under the built gateway, on loopback, waits until it is ready, and stops it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.client import get_json

ROOT = Path(__file__).resolve().parents[1]
_READY_SECONDS = 300.0
_STOP_SECONDS = 45.0


class NotStarted(Exception):
    """The engine refused its settings, or did not become ready; the message has its own words."""


@dataclass(frozen=True, slots=True)
class Server:
    """A ready server. port: where requests go; health: the engine's, at ready; start_seconds: from start to ready."""

    process: asyncio.subprocess.Process
    port: int
    engine_port: int
    health: dict[str, Any]
    start_seconds: float

    @property
    def engine_pid(self) -> int:
        return int(self.health["pid"])

    async def health_now(self) -> dict[str, Any]:
        return await get_json(self.engine_port, "/health")

    async def idle(self) -> None:
        """Wait until nothing runs and nothing waits."""
        while True:
            health = await self.health_now()
            if not (health["running"] or health["waiting"] or health["working"]):
                return
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def start_engine(settings: Mapping[str, str], log: Path) -> Server:
    """Raises NotStarted."""
    port = _free_port()
    command = [sys.executable, "-m", "nanochat_engine", "--port", str(port)]
    parent = {"ENGINE_PARENT_PID": str(os.getpid()), "PYTHONPATH": str(ROOT / "python")}
    return await _start(command, {**settings, **parent}, port, port, log)


async def start_gateway(settings: Mapping[str, str], log: Path) -> Server:
    """The built gateway (dist/) with an engine of its own. Raises NotStarted."""
    port, engine_port = _free_port(), _free_port()
    own = ROOT / "node_modules" / "node" / "bin" / "node"
    command = [str(own) if own.exists() else "node", str(ROOT / "dist" / "main.js")]
    ports = {"PORT": str(port), "ENGINE_PORT": str(engine_port), "ENGINE_PYTHON": sys.executable}
    return await _start(command, {**settings, **ports}, port, engine_port, log)


async def _start(command: list[str], settings: Mapping[str, str], port: int, engine_port: int, log: Path) -> Server:
    begun = time.perf_counter()
    process = await _spawn(command, settings, log)
    try:
        while time.perf_counter() - begun < _READY_SECONDS and process.returncode is None:
            health = await _health(port, engine_port)
            if health is not None:
                return Server(process, port, engine_port, health, time.perf_counter() - begun)
            await asyncio.sleep(0.05)
        raise NotStarted(_last_words(log) or f"not ready within {_READY_SECONDS:.0f} s")
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise


async def _spawn(command: list[str], settings: Mapping[str, str], log: Path) -> asyncio.subprocess.Process:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        # Standard input stays open as long as this process lives: its end tells the engine to leave.
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={**os.environ, "LOG_LEVEL": "warn", "LOG_FORMAT": "json", **settings},
            cwd=ROOT,
        )


async def _health(port: int, engine_port: int) -> dict[str, Any] | None:
    """The engine's health once it, and the gateway before it, is ready."""
    try:
        if port != engine_port and (await get_json(port, "/health/ready")).get("status") != "ok":
            return None
        health = await get_json(engine_port, "/health")
    except (OSError, EOFError, ValueError):
        return None
    return health if health.get("state") == "ready" else None


def _last_words(log: Path) -> str:
    """The message of the last line of a log in JSON, or the line."""
    lines = log.read_text(errors="replace").strip().splitlines()
    for line in reversed(lines):
        try:
            return str(json.loads(line)["message"])
        except (ValueError, KeyError, TypeError):
            continue
    return lines[-1][:300] if lines else ""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
