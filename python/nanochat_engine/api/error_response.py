"""The one place where an error becomes an HTTP status and OpenAI's error body."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from nanochat_engine.api.compact_json import encode
from nanochat_engine.errors import EngineError, InvalidRequest, QueueFull, RequestTooLarge, Unavailable

# Seconds after which the same request may be taken: a place in the queue frees within a step, a model loads in several.
_RETRY_AFTER: dict[type[EngineError], str] = {QueueFull: "1", Unavailable: "2"}


class HttpRefusal(EngineError):
    """A refusal that belongs to HTTP alone: unknown route, wrong method, content type, key or host."""

    code = None

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, code=code, param=param)
        self.status = status
        self.headers = headers or {}


def error_body(error: Exception) -> dict[str, Any]:
    """OpenAI's body: always nested, `code` and `param` a string or null. Of an unknown error it tells nothing."""
    status = _status(error)
    if status == 429:
        kind = "rate_limit_error"
    elif status < 500:
        kind = "invalid_request_error"
    else:
        kind = "server_error"
    if not isinstance(error, EngineError):
        return {
            "error": {
                "message": "The engine had an internal error.",
                "type": kind,
                "param": None,
                "code": "internal_error",
            }
        }
    return {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}}


def error_response(error: Exception) -> Response:
    """The whole answer: status, body and the headers that go with it."""
    headers = dict(error.headers) if isinstance(error, HttpRefusal) else {}
    for kind, seconds in _RETRY_AFTER.items():
        if isinstance(error, kind):
            headers["retry-after"] = seconds
    return Response(
        encode(error_body(error)), status_code=_status(error), headers=headers, media_type="application/json"
    )


def _status(error: Exception) -> int:
    match error:
        case HttpRefusal():
            return error.status
        case InvalidRequest():
            return 400
        case RequestTooLarge():
            return 413
        case QueueFull():
            return 429
        case Unavailable():
            return 503
        case _:
            return 500
