"""The connection under an answer, for pieces that need no task: they are in the socket before the call returns.

Knows chunked transfer coding; must not know whose answer it carries.
"""

from __future__ import annotations

import asyncio

# Where the server puts a request's Connection in the ASGI scope's `state`.
CONNECTION = "connection"


class Connection:
    """One client's connection. Belongs to the event loop."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def write_chunk(self, data: bytes) -> bool:
        """Write a chunk (RFC 9112, section 7.1) of an answer whose headers are out; for HTTP/1.1 only.

        False, and nothing is written, while the client has not taken what was written before or is going: then ASGI's
        send has to wait for it.
        """
        if self._transport.is_closing() or self._transport.get_write_buffer_size():
            return False
        # An empty chunk would end the answer.
        if data:
            self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        return True
