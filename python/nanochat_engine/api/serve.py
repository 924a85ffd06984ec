"""The life of the process: serve HTTP at once, start the engine behind it, drain on a signal, leave with the right code."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading

from nanochat_engine import __version__
from nanochat_engine.api.app import create_app
from nanochat_engine.api.bridge import Bridge
from nanochat_engine.api.http_server import FLUSH_SECONDS, HttpServer
from nanochat_engine.config import Settings
from nanochat_engine.engine import Engine
from nanochat_engine.errors import EngineError, InternalError, Unavailable
from nanochat_engine.process.exit_codes import INTERNAL, OK, exit_code_of, leave
from nanochat_engine.process.garbage import keep_what_is_loaded
from nanochat_engine.process.json_log import log_fatal
from nanochat_engine.process.preload_torch import preload_torch

STOP_SECONDS = 5.0

_log = logging.getLogger(__name__)


def serve(settings: Settings, listener: socket.socket) -> int:
    """Serve until a signal or the engine's end; returns the exit code. Call it on the main thread."""
    return asyncio.run(_Service(settings, listener).run())


class _Service:
    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._bridge = Bridge()
        self._engine = Engine(settings, self._bridge.publish, self._on_fatal, keep_what_is_loaded)
        self._server = HttpServer(create_app(settings, self._engine, self._bridge))

    async def run(self) -> int:
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._on_signal, number)
        starting = asyncio.create_task(self._start_engine())
        serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        host, port = self._listener.getsockname()[:2]
        _log.info("listening", extra={"host": host, "port": port, "version": __version__})
        await asyncio.wait((serving, self._ended), return_when=asyncio.FIRST_COMPLETED)
        if not self._ended.done():
            log_fatal("internal_error", "the HTTP server ended by itself", serving.exception())
            return INTERNAL
        code = self._ended.result()
        if code == OK:
            await self._drain()
        else:
            self._bridge.end_all(InternalError("The engine has failed; the request is lost."))
        self._server.should_exit = True
        await serving
        if code == OK and starting.done():
            serves = self._engine.snapshot().state in ("ready", "draining")
            # A thread that loads looks at nothing else; it ends with the process.
            await asyncio.to_thread(self._engine.stop, STOP_SECONDS if serves else 0)
            _log.info("stopped")
        return code

    async def _start_engine(self) -> None:
        await asyncio.to_thread(preload_torch)
        self._engine.start()

    async def _drain(self) -> None:
        self._engine.drain()
        if not await self._bridge.wait_until_idle(self._settings.drain_timeout_seconds):
            _log.warning("requests still running after the drain timeout are ended")
            self._bridge.end_all(Unavailable("The engine is shutting down.", code="shutting_down"))

    def _on_signal(self, number: int) -> None:
        if self._ended.done():
            _log.warning("second signal: leaving at once")
            leave(self._ended.result())
        _log.info("draining", extra={"signal": signal.Signals(number).name})
        self._ended.set_result(OK)

    def _on_fatal(self, error: BaseException) -> None:
        """On the engine's thread: tell why, then end the process through the loop, or without it when it is stuck."""
        code = exit_code_of(error)
        if isinstance(error, EngineError):
            log_fatal(error.code, error.message)
        else:
            log_fatal("internal_error", f"the engine has failed: {type(error).__name__}", error)
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._end, code)
        threading.Timer(2 * FLUSH_SECONDS, leave, (code,)).start()

    def _end(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)
