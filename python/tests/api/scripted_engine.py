"""An engine whose answers the test writes, and a real HTTP server over it on a loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from nanochat_engine.api.app import create_app
from nanochat_engine.api.bridge import Bridge
from nanochat_engine.api.http_server import HttpServer
from nanochat_engine.checkpoint.tokenizer_file import read_tokenizer
from nanochat_engine.config import Settings
from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import EngineError, Unavailable
from nanochat_engine.process.listen import listen
from nanochat_engine.request import (
    ChoiceDelta,
    FinishReason,
    GenerateRequest,
    RequestDone,
    RequestFailed,
    StepEvent,
)
from nanochat_engine.snapshot import EngineSnapshot, ModelInfo
from nanochat_engine.tokenizer.tokenizer import Tokenizer

GOLDEN = Path(__file__).parents[1] / "fixtures" / "golden" / "2026-03-14"
DEADLINE = 20.0

READY = EngineSnapshot(
    state="ready",
    phase="serve",
    progress=None,
    reason=None,
    device="cpu",
    dtype="float32",
    kernel="scripted",
    quantization="none",
    batch_invariant=True,
    model=ModelInfo("2026-03-14", "G5", 256, 331, 1000),
    running=0,
    waiting=0,
    max_running=16,
    max_waiting=32,
    block_tokens=64,
    blocks=512,
    blocks_used=0,
    working=False,
    beat_age_seconds=0.01,
    longest_step_seconds=0.2,
    steps=12,
    finished=3,
    aborted=1,
    abort_steps_max=1,
)


class ScriptedEngine:
    """An EnginePort. The test plays the engine's thread: it waits for requests and publishes what they get."""

    def __init__(self) -> None:
        self.publish: Callable[[list[StepEvent]], None] = lambda events: None
        self._changed = threading.Condition()
        self.reset()

    def reset(self) -> None:
        """As new, for the next test on the same server."""
        self.loaded: Tokenizer | None = read_tokenizer(GOLDEN / "tokenizer.pkl")
        self.state = READY
        self.refusal: EngineError | None = None
        self.uncompilable: EngineError | None = None
        self.submitted: list[GenerateRequest] = []
        self.aborted: list[str] = []
        self.preparing: list[GenerateRequest] = []
        self.compiled: list[Constraint | None] = []
        # A test that clears it holds compilations up.
        self.compiling = threading.Event()
        self.compiling.set()

    @property
    def tokenizer(self) -> Tokenizer:
        if self.loaded is None:
            raise Unavailable("The model is still loading.", code="model_loading")
        return self.loaded

    def prepared(self, request: GenerateRequest) -> bool:
        return request.constraint is None or request.constraint in self.compiled

    def prepare(self, request: GenerateRequest) -> None:
        with self._changed:
            self.preparing.append(request)
            self._changed.notify_all()
        assert self.compiling.wait(DEADLINE)
        if self.uncompilable is not None:
            raise self.uncompilable
        self.compiled.append(request.constraint)

    def submit(self, request: GenerateRequest) -> None:
        if self.refusal is not None:
            raise self.refusal
        with self._changed:
            self.submitted.append(request)
            self._changed.notify_all()

    def abort(self, request_id: str) -> None:
        with self._changed:
            self.aborted.append(request_id)
            self._changed.notify_all()

    def snapshot(self) -> EngineSnapshot:
        return self.state

    def request(self, number: int = 0) -> GenerateRequest:
        """The request submitted as number, waited for."""
        self._wait(lambda: len(self.submitted) > number)
        return self.submitted[number]

    def wait_for_preparing(self, count: int) -> None:
        self._wait(lambda: len(self.preparing) >= count)

    def wait_for_abort(self, request: GenerateRequest) -> None:
        self._wait(lambda: request.request_id in self.aborted)

    def step(self, request: GenerateRequest, *texts: str, finish: FinishReason | None = None) -> None:
        """One step in which choice i of the request gets texts[i], a token each."""
        self.publish(self.deltas(request, *texts, finish=finish))

    def deltas(self, request: GenerateRequest, *texts: str, finish: FinishReason | None = None) -> list[StepEvent]:
        return [
            ChoiceDelta(request.request_id, index, (65 + index,), text, len(text), finish)
            for index, text in enumerate(texts)
        ]

    def done(self, request: GenerateRequest, completion_tokens: int = 2) -> None:
        self.publish([RequestDone(request.request_id, len(request.prompt_ids), completion_tokens, 0)])

    def fail(self, request: GenerateRequest, error: EngineError) -> None:
        self.publish([RequestFailed(request.request_id, error)])

    def _wait(self, reached: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(reached, DEADLINE)


@dataclass(frozen=True)
class Served:
    """A running server. http has no token; open() connects a bare socket."""

    engine: ScriptedEngine
    bridge: Bridge
    url: str
    port: int
    http: httpx.Client

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)


@contextlib.contextmanager
def serving(**changes: object) -> Iterator[Served]:
    """Serve a scripted engine with the process's own HTTP configuration."""
    settings = replace(Settings(GOLDEN, "2026-03-14", port=0), **changes)  # type: ignore[arg-type]
    engine, bridge = ScriptedEngine(), Bridge()
    engine.publish = bridge.publish
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = HttpServer(create_app(settings, engine, bridge))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE, trust_env=False) as http:
            yield Served(engine, bridge, f"http://127.0.0.1:{port}", port, http)
    finally:
        server.should_exit = True
        thread.join(DEADLINE)
        assert not thread.is_alive()
