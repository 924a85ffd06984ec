"""Every typed error of the engine. Inner rooms raise these; only `api/` knows HTTP.

EngineError
├── SettingsError            a setting is wrong; a restart would fail the same way
├── CheckpointError          a checkpoint can't be served; a restart would fail the same way
│   ├── CheckpointNotFound   a file or folder is missing
│   ├── CheckpointCorrupt    truncated, unreadable, or parts that do not belong together
│   ├── CheckpointUnsafe     it would run code, or take memory without bound
│   └── CheckpointUnsupported  an experimental or unknown generation
├── InvalidRequest           the caller can mend it; names the field
├── RequestTooLarge          over a limit of size, refused unread
├── QueueFull                too many requests wait
├── Unavailable              loading, draining or failed
└── InternalError            a fault of ours; the request is lost
"""

from __future__ import annotations


class EngineError(Exception):
    """Base of all errors: `message` for people, `code` for programs, `param` names a field."""

    code: str | None = None

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        if code is not None:
            self.code = code


class SettingsError(EngineError):
    code = "invalid_setting"


class CheckpointError(EngineError):
    code = "checkpoint_error"


class CheckpointNotFound(CheckpointError):
    code = "checkpoint_not_found"


class CheckpointCorrupt(CheckpointError):
    code = "checkpoint_corrupt"


class CheckpointUnsafe(CheckpointError):
    code = "checkpoint_unsafe"


class CheckpointUnsupported(CheckpointError):
    code = "checkpoint_unsupported"


class InvalidRequest(EngineError):
    code = "invalid_value"


class RequestTooLarge(EngineError):
    code = "request_too_large"


class QueueFull(EngineError):
    code = "queue_full"


class Unavailable(EngineError):
    code = "engine_unavailable"


class InternalError(EngineError):
    code = "internal_error"
