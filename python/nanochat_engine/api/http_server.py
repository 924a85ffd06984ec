"""uvicorn as the engine runs it: one process, bounded headers, no signals of its own, and OpenAI's body for bytes that are no HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from nanochat_engine.api.connection import CONNECTION, Connection
from nanochat_engine.api.error_response import HttpRefusal, error_response

# The gateway keeps its connections; a server that closes first would break a request that is on its way.
KEEP_ALIVE_SECONDS = 75
# For answers to leave after the last stream has ended.
FLUSH_SECONDS = 2
HEADER_LIMIT_BYTES = 32 * 1024
# How long the kernel keeps bytes that a client does not take.
UNREAD_MILLISECONDS = 60_000


class HttpServer(uvicorn.Server):
    """Serves until `should_exit`. Signals are left to the process: uvicorn would die of them again once it has shut down."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                # h11 bounds the size of headers, which httptools does not.
                http=_Protocol,
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                h11_max_incomplete_event_size=HEADER_LIMIT_BYTES,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=FLUSH_SECONDS,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Protocol(H11Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, CONNECTION: Connection(transport)}
        # A client that is cut off because it reads nothing would keep its closed connection for ever, waiting to be flushed.
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            own: socket.socket = transport.get_extra_info("socket")
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MILLISECONDS)

    def send_400_response(self, msg: str) -> None:
        response = error_response(HttpRefusal(400, msg, headers={"connection": "close"}))
        with contextlib.suppress(h11.LocalProtocolError):
            for event in (
                h11.Response(status_code=400, headers=response.raw_headers, reason=b"Bad Request"),
                h11.Data(data=bytes(response.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
