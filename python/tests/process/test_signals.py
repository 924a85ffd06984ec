"""SIGTERM and Ctrl-C: running answers finish, new ones are refused, and the process leaves with 0."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import httpx
import pytest

from tests.process.engine_child import DEADLINE, EngineChild

LONG: dict[str, Any] = {
    "prompt": "hi",
    "sampling": {"max_tokens": 200, "ignore_eos": True, "seed": 1},
}


def client(engine: EngineChild) -> httpx.Client:
    return httpx.Client(base_url=engine.url, timeout=DEADLINE, trust_env=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_running_stream_finishes_and_the_exit_code_is_0(number: signal.Signals) -> None:
    with EngineChild() as engine:
        engine.wait_until("ready")
        with client(engine) as http, http.stream("POST", "/generate", json=LONG) as answer:
            lines = answer.iter_lines()
            next(lines)
            engine.process.send_signal(number)
            received = [json.loads(line) for line in lines]
        assert received[-1]["usage"]["completion_tokens"] == 200
        assert engine.exit_code() == 0
    assert [line["level"] for line in engine.lines if line["level"] in ("error", "fatal")] == []


def test_while_it_drains_health_says_so_and_new_requests_are_503() -> None:
    with EngineChild() as engine:
        engine.wait_until("ready")
        with client(engine) as http, http.stream("POST", "/generate", json={**LONG, "n": 2}) as answer:
            lines = answer.iter_lines()
            next(lines)
            engine.terminate()
            engine.line("draining")
            health = http.get("/health")
            refused = http.post("/generate", json=LONG)
            assert json.loads(list(lines)[-1])["usage"]["completion_tokens"] == 400
        assert (health.status_code, health.json()["state"]) == (503, "draining")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "shutting_down")
        assert engine.exit_code() == 0


def test_what_still_runs_at_the_deadline_gets_an_error_line() -> None:
    with EngineChild(variables={"DRAIN_TIMEOUT_SECONDS": "0"}) as engine:
        engine.wait_until("ready")
        with client(engine) as http, http.stream("POST", "/generate", json={**LONG, "n": 8}) as answer:
            lines = answer.iter_lines()
            next(lines)
            engine.terminate()
            assert json.loads(list(lines)[-1])["error"]["code"] == "shutting_down"
        assert engine.exit_code() == 0


def test_a_second_signal_leaves_at_once() -> None:
    with EngineChild(variables={"DRAIN_TIMEOUT_SECONDS": "3600"}) as engine:
        engine.wait_until("ready")
        with client(engine) as http, http.stream("POST", "/generate", json={**LONG, "n": 8}) as answer:
            lines = answer.iter_lines()
            next(lines)
            engine.terminate()
            engine.line("draining")
            engine.terminate()
            assert engine.exit_code() == 0
            with pytest.raises(httpx.RemoteProtocolError):
                list(lines)


def test_a_signal_while_it_imports_or_loads_leaves_with_0() -> None:
    with EngineChild() as engine:
        engine.line("listening")
        engine.terminate()
        assert engine.exit_code() == 0


def test_an_idle_engine_with_open_connections_leaves_at_once() -> None:
    with EngineChild() as engine:
        engine.wait_until("ready")
        with client(engine) as http:
            assert http.get("/health").status_code == 200
            started = time.monotonic()
            engine.terminate()
            assert engine.exit_code() == 0
        assert time.monotonic() - started < 20
