"""Leaves with the parent: a supervisor killed with -9 must not leave a child that holds the device's memory.

Three means, since each has a gap: the kernel's signal (Linux only, but it works while a native call or an import holds the
interpreter), the end of standard input (also when the parent's id is used again), and a look at the parent twice a second.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

from nanochat_engine.process.exit_codes import OK, leave

POLL_SECONDS = 0.5

_PR_SET_PDEATHSIG = 1


def watch_parent(parent_pid: int | None) -> None:
    """Make the process leave within a second or so of its parent's death. Call it from the main thread, first of all.

    parent_pid: the supervisor, our parent or the parent of a wrapper script; None watches nothing.
    """
    if parent_pid is None:
        return
    direct_parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # It may have died before the kernel was asked.
    if _is_gone(direct_parent, parent_pid):
        leave(OK)
    threading.Thread(target=_wait_for_end_of_input, name="parent-stdin", daemon=True).start()
    threading.Thread(target=_poll, args=(direct_parent, parent_pid), name="parent-poll", daemon=True).start()


def _wait_for_end_of_input() -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    leave(OK)


def _poll(direct_parent: int, parent_pid: int) -> None:
    while not _is_gone(direct_parent, parent_pid):
        time.sleep(POLL_SECONDS)
    leave(OK)


def _is_gone(direct_parent: int, parent_pid: int) -> bool:
    if os.getppid() != direct_parent:
        return True
    try:
        os.kill(parent_pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
