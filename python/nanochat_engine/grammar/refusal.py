"""The errors for constraints that can't be served."""

from __future__ import annotations

from nanochat_engine.errors import InvalidRequest

_MOST_REASON = 400


class TooSlow(InvalidRequest):
    """It might compile on a machine with more time."""


def refuse(reason: str) -> InvalidRequest:
    """The reason on one line, cut where it goes on for long."""
    flat = " ".join(reason.replace("<non-verbose/>", "").split())
    return InvalidRequest(flat if len(flat) <= _MOST_REASON else flat[: _MOST_REASON - 3] + "...", param="constraint")
