"""What the parts share: models on disk, running engines, workers. Everything it started is stopped at its end."""

from __future__ import annotations

import asyncio
import random
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TextIO

from bench.options import Options
from bench.record import Record
from bench.server import ROOT, NotStarted, Server, start_engine, start_gateway
from bench.shapes import DTYPE_BYTES, Shape, step_bytes
from bench.worker import Worker, WorkerFailed

OMP = {"OMP_WAIT_POLICY": "PASSIVE"}


class Context:
    """skipped: why an engine or a peer takes no part, by its name."""

    def __init__(self, options: Options, record: Record) -> None:
        self.options = options
        self.record = record
        self.random = random.Random(0)
        self.skipped: dict[str, str] = {}
        self._servers: dict[tuple[str, ...], Server] = {}
        self._peers: dict[tuple[str, str], Worker] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Context:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop_all()
        await self._stack.aclose()

    def say(self, text: str) -> None:
        print(text, flush=True)

    def prompt(self, tokens: int, vocab: int = 60_000) -> list[int]:
        """Ids that no earlier prompt began with."""
        return [self.random.randrange(300, vocab) for _ in range(tokens)]

    def words(self, letters: int) -> str:
        return "".join(self.random.choice("abcdefghij klmnopqrst uvwxyz") for _ in range(letters))

    def folder(self, shape: Shape) -> Path:
        """Where the model lies, written when it is not there yet."""
        return self.options.cache / "models" / f"{shape.name}-{shape.vocab}"

    async def make(self, shape: Shape) -> Path:
        """Write the model with random weights once. Raises WorkerFailed with the reason of the command."""
        folder = self.folder(shape)
        if not folder.exists():
            self.say(f"writing {shape.name} with random weights, once")
            command = [sys.executable, "-m", "nanochat_engine.commands", "init", "--shape", f"d{shape.layers}"]
            more = ["--generation", shape.generation, "--out", str(folder), "--vocab-size", str(shape.vocab)]
            child = await asyncio.create_subprocess_exec(
                *command, *more, cwd=ROOT / "python", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            told, _ = await child.communicate()
            if child.returncode:
                raise WorkerFailed(told.decode(errors="replace")[-500:])
        return folder

    async def engines(self, part: str, shape: Shape, quantizations: tuple[str, ...]) -> dict[str, Server]:
        """Ready engines by quantization that the part has runs for; those that can't be had are in `skipped`."""
        found = {}
        for quantization in quantizations:
            if not self.options.runs_of(part, shape, quantization):
                continue
            server = await self.engine(shape, quantization)
            if server is not None:
                found[quantization] = server
        return found

    async def engine(
        self, shape: Shape, quantization: str, invariant: str = "auto", *, through: str = "engine"
    ) -> Server | None:
        """A ready server, started when there is none yet; None where it refuses, with the reason in `skipped`."""
        key = (shape.name, quantization, invariant, through)
        name = f"{quantization} {through}" + (f" invariant {invariant}" if invariant != "auto" else "")
        if key not in self._servers and f"{shape.name} {name}" not in self.skipped:
            self.say(f"  starting {shape.name} {name}")
            start = start_engine if through == "engine" else start_gateway
            log = self.options.cache / "logs" / f"{'-'.join(key)}.log"
            try:
                server = await start(self._settings(await self.make(shape), quantization, invariant), log)
            except (NotStarted, WorkerFailed) as error:
                self.skip(f"{shape.name} {name}", str(error))
                return None
            if server.health["quantization"] != quantization:
                await server.stop()
                self.skip(f"{shape.name} {name}", f"it computes with QUANTIZATION={server.health['quantization']}")
                return None
            self._servers[key] = server
        return self._servers.get(key)

    def skip(self, name: str, reason: str) -> None:
        """Remember why something takes no part, for the table."""
        self.skipped[name] = reason[:300]
        self.say(f"  skipped {name}: {reason}")

    def _settings(self, model: Path, quantization: str, invariant: str) -> dict[str, str]:
        options = self.options
        return {
            **OMP,
            "MODEL": str(model),
            "QUANTIZATION": quantization,
            "BATCH_INVARIANT": invariant,
            "DTYPE": options.dtype,
            "DEVICE": "cpu",
            "NANOCHAT_DIR": str(options.cache / "kept"),
            "MAX_RUNNING": str(max(32, options.streams[0])),
            "MAX_WAITING": "64",
            "QUEUE_LIMIT": "256",
            "CACHE_TOKENS": str(options.cache_tokens),
        }

    async def peer(self, name: str, module: str, shape: Shape) -> Worker | None:
        """The running worker of a peer, in the bench's own environment; None where it can't run."""
        key = (name, shape.name)
        if name in self.skipped or name not in self.options.peers:
            return None
        if key not in self._peers:
            python = self.options.peer_python
            if python is None:
                self.skip(name, "the bench's own environment could not be made")
                return None
            try:
                worker = await self.worker(module, python, f"{name}-{shape.name}")
                about = await worker.ask("load", layers=shape.layers, vocab=shape.vocab, cache=str(self.options.cache))
            except (WorkerFailed, OSError) as error:
                self.skip(name, str(error))
                return None
            self.say(f"  {name}: {about}")
            self._peers[key] = worker
        return self._peers[key]

    async def worker(self, module: str, python: Path | str, log: str, **environment: str) -> Worker:
        """Start a worker that this context stops."""
        path = f"{ROOT}:{ROOT / 'python'}"
        output = self._stack.enter_context(_log(self.options.cache / "logs" / f"{log}.log"))
        worker = await Worker.start(Path(python), module, {**OMP, "PYTHONPATH": path, **environment}, ROOT, output)
        self._stack.push_async_callback(worker.stop)
        return worker

    async def stop_servers(self, keep_engines_of: Shape | None = None) -> None:
        """Stop what later parts don't need; their memory and their cores go to what does."""
        for key in list(self._servers):
            if keep_engines_of is None or key[0] != keep_engines_of.name or key[2:] != ("auto", "engine"):
                await self._servers.pop(key).stop()

    async def stop_all(self) -> None:
        await self.stop_servers()
        for worker in self._peers.values():
            await worker.stop()
        self._peers.clear()

    def about_engine(self, server: Server, shape: Shape, quantization: str) -> dict[str, Any]:
        """What health says of how it computes, and the bytes that its weights and its cache take by their sizes."""
        health = server.health
        names = ("dtype", "quantization", "kernel", "batch_invariant")
        dtype, cached = health["dtype"], health["cache"]["blocks"] * health["cache"]["block_tokens"]
        beside = health["model"]["parameters"] - shape.matrix_weights
        return {name: health.get(name) for name in names} | {
            "start_seconds": server.start_seconds,
            "weight_bytes": step_bytes(shape, quantization, dtype) + beside * DTYPE_BYTES[dtype],
            "cache_bytes": cached * 2 * shape.layers * shape.width * DTYPE_BYTES[dtype],
        }


def _log(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w")
