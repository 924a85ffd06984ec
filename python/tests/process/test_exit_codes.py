"""How the process ends, and the last line it leaves for its supervisor."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import httpx
import pytest

from nanochat_engine.errors import CheckpointCorrupt, InternalError, SettingsError
from nanochat_engine.process.exit_codes import exit_code_of
from tests.process.engine_child import DEADLINE, EngineChild


def test_a_taken_port_is_75_and_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with EngineChild(port=port) as engine:
            assert engine.exit_code() == 75
    last = engine.lines[-1]
    assert (last["level"], last["code"]) == ("fatal", "port_taken")
    assert f"ENGINE_PORT={port}" in last["message"]


@pytest.mark.parametrize(
    ("name", "value", "token"),
    [
        ("MAX_RUNNING", "none", ""),
        ("LOG_LEVEL", "loud", ""),
        ("ENGINE_HOST", "0.0.0.0", ""),
        ("ENGINE_HOST", "192.0.2.1", "token"),
    ],
)
def test_a_wrong_setting_is_78_and_named(name: str, value: str, token: str) -> None:
    with EngineChild(variables={name: value, "ENGINE_TOKEN": token}) as engine:
        assert engine.exit_code() == 78
    last = engine.lines[-1]
    assert (last["level"], last["code"]) == ("fatal", "invalid_setting")
    assert name in last["message"]


def test_a_wrong_argument_is_78() -> None:
    with EngineChild("--prot", "1") as engine:
        assert engine.exit_code() == 78
    assert engine.lines[-1]["code"] == "invalid_setting"


def test_a_missing_checkpoint_is_78(tmp_path: Path) -> None:
    with EngineChild(model=tmp_path / "none") as engine:
        assert engine.exit_code() == 78
    last = engine.lines[-1]
    assert last["level"] == "fatal"
    assert last["code"] == "checkpoint_not_found"


DYING = """
import os, sys
from nanochat_engine import __main__, runner
from nanochat_engine.process.exit_codes import leave
compute = runner.Runner.run
def run(self, work):
    if os.path.exists(os.environ["DIE_WHEN"]):
        raise RuntimeError("the device is lost")
    return compute(self, work)
runner.Runner.run = run
leave(__main__.main(sys.argv[1:]))
"""


def test_an_engine_that_dies_in_a_step_tells_why_ends_its_streams_and_is_70(tmp_path: Path) -> None:
    flag = tmp_path / "die"
    body = {"prompt": "hi", "sampling": {"max_tokens": 200, "ignore_eos": True}, "n": 8}
    with EngineChild(program=("-c", DYING), variables={"DIE_WHEN": str(flag)}) as engine:
        engine.wait_until("ready")
        with httpx.stream("POST", f"{engine.url}/generate", json=body, timeout=DEADLINE, trust_env=False) as answer:
            lines = answer.iter_lines()
            next(lines)
            flag.touch()
            assert json.loads(list(lines)[-1])["error"]["code"] == "internal_error"
        assert engine.exit_code() == 70
    (last,) = [line for line in engine.lines if line["level"] == "fatal"]
    assert last["error"] == "RuntimeError('the device is lost')"
    assert "Traceback" in last["stack"]


def test_what_no_restart_mends_is_told_from_what_one_may() -> None:
    assert exit_code_of(SettingsError("x")) == 78
    assert exit_code_of(CheckpointCorrupt("x")) == 78
    assert exit_code_of(InternalError("x")) == 70
    assert exit_code_of(MemoryError()) == 70
