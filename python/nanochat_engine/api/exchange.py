"""An answer that lives no longer than its client: the work behind it races the disconnect and is cancelled when it loses.

Starlette's own streaming response watches the client only while it streams; this one also while a request is tokenized,
waits in the queue or reads its prompt, and for answers that don't stream.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from nanochat_engine.api.bridge import End, Step, Stream
from nanochat_engine.api.connection import CONNECTION, Connection

STALL_SECONDS = 30.0

_log = logging.getLogger(__name__)


class Wire:
    """The sending side of one answer. connection: where its steps may be written to directly, if anywhere."""

    def __init__(self, send: Send, connection: Connection | None) -> None:
        self._send = send
        self._connection = connection

    async def start(self, headers: Mapping[str, str], status: int = 200) -> None:
        """Send status and headers at once; nothing can be refused after this."""
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def write(self, text: str, *, last: bool = False) -> None:
        """Send a piece of the body. Raises TimeoutError when the client has taken nothing for STALL_SECONDS."""
        async with asyncio.timeout(STALL_SECONDS):
            await self._send({"type": "http.response.body", "body": text.encode(), "more_body": not last})

    async def follow(self, stream: Stream, render: Callable[[Step], str]) -> End:
        """Write what `render` makes of each step until the stream ends; returns the end. Raises TimeoutError as `write` does.

        A step goes out in the callback that brings it; this task wakes only where the client is slower than that.
        """
        connection = self._connection
        sink = None
        if connection is not None:

            def sink(step: Step) -> bool:
                return connection.write_chunk(render(step).encode())

        while True:
            steps, end = await stream.take(sink)
            if steps:
                await self.write("".join(map(render, steps)))
            if end is not None:
                return end


class Exchange(Response):
    """Runs `produce` with the wire. What it raises before it starts the answer becomes an error response."""

    def __init__(self, produce: Callable[[Wire], Awaitable[None]]) -> None:
        super().__init__()
        self._produce = produce

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # HTTP/1.0 has no chunks.
        connection = scope.get("state", {}).get(CONNECTION) if scope["http_version"] == "1.1" else None
        work = asyncio.ensure_future(self._produce(Wire(send, connection)))
        gone = asyncio.ensure_future(_disconnect(receive))
        try:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            else:
                work.cancel()
                await asyncio.wait((work,))
                _log.debug("the client went away", extra={"path": scope["path"]})
        except TimeoutError:
            _log.warning("a client that took nothing was cut off", extra={"path": scope["path"]})
        finally:
            work.cancel()
            gone.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
