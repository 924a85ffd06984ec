"""Logging as one JSON object a line on standard output: level, time, message, and the fields given in `extra`.

Knows Python's logging; must not know who logs. Prompts and answers never go to INFO or above: that is the caller's duty.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType

TRACE = 5

_LEVELS = {
    "fatal": logging.CRITICAL,
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": TRACE,
}
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    """A record as one ASCII line of JSON; an exception is its `error` and `stack`."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "level": _level_name(record.levelno),
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "message": record.getMessage().strip(),
        }
        line |= {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = repr(record.exc_info[1])
            line["stack"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, separators=(",", ":"))


def configure_logging(level: str) -> None:
    """Send every record at `level` (fatal, error, warn, info, debug, trace) or above to standard output, whoever makes it.

    Python's warnings and exceptions that nobody caught, in any thread, become records too.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(_LEVELS[level])
    # A reader that has gone away is the parent watch's business, not a traceback on stderr.
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):
        logging.getLogger(name).setLevel(max(_LEVELS[level], logging.WARNING))
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def log_fatal(code: str | None, message: str, error: BaseException | None = None) -> None:
    """The last line of a process that can't go on; `code` is for programs. With `error`, its stack goes along."""
    logging.getLogger("nanochat_engine").critical(message, extra={"code": code}, exc_info=error)


def _level_name(number: int) -> str:
    for name, level in _LEVELS.items():
        if number >= level:
            return name
    return "trace"


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("nanochat_engine").critical(
        "uncaught exception", extra={"code": "internal_error"}, exc_info=(kind, error, trace)
    )


def _log_uncaught_in_thread(hook: threading.ExceptHookArgs) -> None:
    if hook.exc_value is not None and hook.exc_type is not SystemExit:
        logging.getLogger("nanochat_engine").error("uncaught exception in a thread", exc_info=hook.exc_value)
