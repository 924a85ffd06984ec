"""How the process ends. The supervisor reads these numbers (sysexits.h) to tell a crash from what no restart can mend."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn

from nanochat_engine.errors import CheckpointError, SettingsError

OK = 0
INTERNAL = 70
PORT_TAKEN = 75
UNMENDABLE = 78


def exit_code_of(error: BaseException) -> int:
    """UNMENDABLE where a restart would fail the same way (settings, checkpoint), INTERNAL for everything else."""
    return UNMENDABLE if isinstance(error, SettingsError | CheckpointError) else INTERNAL


def leave(code: int) -> NoReturn:
    """End the process now, from any thread, without waiting for threads that sit in native code."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
