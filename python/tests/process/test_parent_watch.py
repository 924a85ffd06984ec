"""A parent killed with -9 takes its engine along, whatever the engine does at the time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.process.engine_child import DEADLINE, GOLDEN, EngineChild, environment

# Two seconds are promised; a machine under load gets ten times that.
LEAVE_SECONDS = 20.0

PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen(
    sys.argv[1:], stdin=subprocess.PIPE if os.environ["STDIN"] == "pipe" else open(os.environ["STDIN"]),
    env={**os.environ, "ENGINE_PARENT_PID": str(os.getpid())}, start_new_session=True,
)
print(child.pid, flush=True)
time.sleep(3600)
"""

SLOW_IMPORT = """
import time
from nanochat_engine.process.parent_watch import watch_parent
import os
watch_parent(int(os.environ["ENGINE_PARENT_PID"]))
print("watching", flush=True)
import ctypes
# A native call that keeps the interpreter locked, as a library's loading does.
ctypes.PyDLL(None).sleep(3600)
"""

POLL_ONLY = """
import ctypes, os, sys, threading, time
from nanochat_engine.process import parent_watch
parent_watch.sys = type("Elsewhere", (), {"platform": "elsewhere"})
parent_watch.watch_parent(int(os.environ["ENGINE_PARENT_PID"]))
print("watching", flush=True)
time.sleep(3600)
"""


def alive(pid: int) -> bool:
    """Whether the process still runs; one that waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def killed_with_its_parent(command: list[str], until: str, stdin: str = "pipe") -> float:
    """Seconds from the parent's kill -9 to the child's end; the kill comes at the child's first line with `until`."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *command],
        env=environment(STDIN=stdin),
        stdout=subprocess.PIPE,
        text=True,
    )
    child = 0
    try:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        for line in parent.stdout:
            if until in line:
                break
        parent.kill()
        killed = time.monotonic()
        parent.wait()
        while alive(child) and time.monotonic() < killed + DEADLINE:
            time.sleep(0.01)
        assert not alive(child)
        return time.monotonic() - killed
    finally:
        parent.kill()
        parent.wait()
        if child and alive(child):
            os.kill(child, signal.SIGKILL)
        if parent.stdout is not None:
            parent.stdout.close()


ENGINE = [sys.executable, "-m", "nanochat_engine", "--model", str(GOLDEN), "--port", "0"]
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and the kernel's signal is Linux's")


@linux
def test_it_leaves_while_it_imports() -> None:
    assert killed_with_its_parent(ENGINE, until="listening") < LEAVE_SECONDS


@linux
def test_it_leaves_while_a_native_call_holds_the_interpreter() -> None:
    assert killed_with_its_parent([sys.executable, "-c", SLOW_IMPORT], until="watching") < LEAVE_SECONDS


@linux
def test_without_the_kernels_help_it_leaves_when_its_input_ends() -> None:
    assert killed_with_its_parent([sys.executable, "-c", POLL_ONLY], until="watching") < LEAVE_SECONDS


@linux
def test_without_the_kernels_help_and_with_an_input_that_stays_it_leaves_as_well(tmp_path: Path) -> None:
    fifo = tmp_path / "stdin"
    os.mkfifo(fifo)
    # Both ends held here, so that the child's input never ends.
    held = os.open(fifo, os.O_RDWR)
    try:
        seconds = killed_with_its_parent([sys.executable, "-c", POLL_ONLY], until="watching", stdin=str(fifo))
    finally:
        os.close(held)
    assert seconds < LEAVE_SECONDS


def test_it_leaves_when_its_input_is_closed_though_the_parent_lives() -> None:
    with EngineChild(variables={"ENGINE_PARENT_PID": str(os.getpid())}) as engine:
        engine.line("listening")
        assert engine.process.stdin is not None
        engine.process.stdin.close()
        assert engine.exit_code() == 0


def test_it_leaves_at_once_when_the_parent_is_gone_already() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with EngineChild(variables={"ENGINE_PARENT_PID": str(gone.pid)}) as engine:
        assert engine.exit_code() == 0


def test_alone_it_does_not_care_about_its_input() -> None:
    with EngineChild() as engine:
        assert engine.process.stdin is not None
        engine.process.stdin.close()
        engine.wait_until("ready")
