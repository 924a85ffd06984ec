"""Stands before every route, known or not: the token, and without one the Host allow-list that stops DNS rebinding.

Plain ASGI, so that streams and disconnects pass through untouched.
"""

from __future__ import annotations

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from nanochat_engine.api.error_response import HttpRefusal, error_response

_LOCAL_HOSTS = (b"localhost", b"127.0.0.1", b"[::1]")


class Gate:
    """Lets a request through when it has the token (when one is set) or a local Host (when none is)."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token.encode() if token is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                await error_response(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> HttpRefusal | None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if self._token is None:
            host = headers.get(b"host")
            if host is None or _name(host) in _LOCAL_HOSTS:
                return None
            return HttpRefusal(403, "Without ENGINE_TOKEN the engine answers only to localhost, 127.0.0.1 and [::1].")
        if scope["method"] == "GET" and scope["path"] == "/health":
            return None
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self._token):
            return None
        return HttpRefusal(
            401,
            "Give the engine's token: Authorization: Bearer ENGINE_TOKEN.",
            code="invalid_api_key",
            headers={"www-authenticate": "Bearer"},
        )


def _name(host: bytes) -> bytes:
    """The host without its port."""
    name, colon, port = host.rpartition(b":")
    return (name if colon and port.isdigit() else host).lower()
