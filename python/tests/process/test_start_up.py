"""Health answers from the first moment on, in milliseconds also while torch is imported, and the log is JSON throughout."""

from __future__ import annotations

import time

import httpx

from tests.process.engine_child import DEADLINE, EngineChild


def test_health_answers_from_import_to_ready_and_tells_the_phases() -> None:
    with EngineChild(variables={"ENGINE_NONCE": "n-7"}) as engine:
        states: list[str] = []
        end = time.monotonic() + DEADLINE
        while not states or states[-1] != "ready":
            health = engine.health()
            assert (health["nonce"], health["pid"]) == ("n-7", engine.process.pid)
            if not states or states[-1] != health["state"]:
                states.append(health["state"])
            assert time.monotonic() < end
        assert states[0] == "starting"
        order = ["starting", "loading", "warming", "ready"]
        assert states == [state for state in order if state in states]
        assert engine.health()["model"]["generation"] == "G5"


def test_a_request_before_ready_is_503_model_loading() -> None:
    with EngineChild() as engine:
        answer = httpx.post(f"{engine.url}/generate", json={"prompt": "hi"}, timeout=DEADLINE, trust_env=False)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "model_loading")
        assert "retry-after" in answer.headers


def test_every_line_is_json_with_level_time_and_message() -> None:
    with EngineChild(variables={"LOG_LEVEL": "TRACE"}) as engine:
        engine.wait_until("ready")
        engine.terminate()
        assert engine.exit_code() == 0
    assert len(engine.lines) > 2
    for line in engine.lines:
        assert {"level", "time", "message"} <= set(line)
        assert line["level"] in ("fatal", "error", "warn", "info", "debug", "trace")
