"""The errors for constraints that can't be served."""

from __future__ import annotations

from nanochat_engine.errors import InvalidRequest

_MOST_REASON = 400


class TooSlow(InvalidRequest):
    """It took more time or memory than it may; how much that is can differ a little from one try to the next."""


def refuse(reason: str) -> InvalidRequest:
    """The reason on one line, cut where it goes on for long."""
    flat = " ".join(reason.replace("<non-verbose/>", "").split())
    return InvalidRequest(flat if len(flat) <= _MOST_REASON else flat[: _MOST_REASON - 3] + "...", param="constraint")
