"""Turns a fault of ours into a 500 and one log line with its stack. Plain ASGI, next to the routes.

Starlette's own way raises the fault again after the answer, and the server then closes a connection that is still good.
"""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nanochat_engine.api.error_response import error_response

_log = logging.getLogger(__name__)


class Faults:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            # What has begun can only be cut: the server closes the connection and logs why.
            if started or scope["type"] != "http":
                raise
            _log.exception("a request failed by a fault of ours", extra={"path": scope["path"]})
            await error_response(error)(scope, receive, send)
