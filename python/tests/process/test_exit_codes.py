"""How the process ends, and the last line it leaves for its supervisor."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from nanochat_engine.errors import CheckpointCorrupt, InternalError, SettingsError
from nanochat_engine.process.exit_codes import exit_code_of
from tests.process.engine_child import EngineChild


def test_a_taken_port_is_75_and_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with EngineChild(port=port) as engine:
            assert engine.exit_code() == 75
    last = engine.lines[-1]
    assert (last["level"], last["code"]) == ("fatal", "port_taken")
    assert f"ENGINE_PORT={port}" in last["message"]


@pytest.mark.parametrize(
    "variables",
    [{"MAX_RUNNING": "none"}, {"LOG_LEVEL": "loud"}, {"ENGINE_HOST": "0.0.0.0"}, {"ENGINE_HOST": "192.0.2.1"}],
)
def test_a_wrong_setting_is_78(variables: dict[str, str]) -> None:
    with EngineChild(**{"ENGINE_TOKEN": "" if "0.0.0.0" in variables.values() else "t", **variables}) as engine:
        assert engine.exit_code() == 78
    last = engine.lines[-1]
    assert (last["level"], last["code"]) == ("fatal", "invalid_setting")
    assert next(iter(variables)) in last["message"]


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


def test_what_no_restart_mends_is_told_from_what_one_may() -> None:
    assert exit_code_of(SettingsError("x")) == 78
    assert exit_code_of(CheckpointCorrupt("x")) == 78
    assert exit_code_of(InternalError("x")) == 70
    assert exit_code_of(MemoryError()) == 70
