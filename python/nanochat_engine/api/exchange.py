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

STALL_SECONDS = 30.0

_log = logging.getLogger(__name__)


class Wire:
    """The sending side of one answer."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def start(self, headers: Mapping[str, str], status: int = 200) -> None:
        """Send status and headers at once; nothing can be refused after this."""
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def write(self, text: str, *, last: bool = False) -> None:
        """Send a piece of the body. Raises TimeoutError when the client has taken nothing for STALL_SECONDS."""
        async with asyncio.timeout(STALL_SECONDS):
            await self._send({"type": "http.response.body", "body": text.encode(), "more_body": not last})


class Exchange(Response):
    """Runs `produce` with the wire. What it raises before it starts the answer becomes an error response."""

    def __init__(self, produce: Callable[[Wire], Awaitable[None]]) -> None:
        super().__init__()
        self._produce = produce

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        work = asyncio.ensure_future(self._produce(Wire(send)))
        gone = asyncio.ensure_future(_disconnect(receive))
        try:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            else:
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
