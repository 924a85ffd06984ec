"""GET /health in every state, and while everything else is busy."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from nanochat_engine import __version__
from tests.api.scripted_engine import READY, Served


def test_a_ready_engine_is_200_with_every_documented_field(served: Served) -> None:
    answer = served.http.get("/health")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "state": "ready",
        "phase": "serve",
        "progress": None,
        "reason": None,
        "nonce": None,
        "pid": os.getpid(),
        "version": __version__,
        "device": "cpu",
        "dtype": "float32",
        "kernel": "scripted",
        "quantization": "none",
        "batch_invariant": True,
        "model": {
            "id": "2026-03-14",
            "generation": "G5",
            "context_length": 256,
            "vocab_size": 331,
            "parameters": 1000,
        },
        "running": 0,
        "waiting": 0,
        "max_running": 16,
        "max_waiting": 32,
        "cache": {"block_tokens": 64, "blocks": 512, "blocks_used": 0},
        "working": False,
        "beat_age_seconds": 0.01,
        "longest_step_seconds": 0.2,
        "steps": 12,
        "finished": 3,
        "aborted": 1,
        "abort_steps_max": 1,
    }


@pytest.mark.parametrize("state", ["starting", "loading", "warming", "draining", "failed"])
def test_every_other_state_is_503_and_says_which(served: Served, state: str) -> None:
    served.engine.state = replace(READY, state=state, model=None, device=None, reason="because")  # type: ignore[arg-type]
    answer = served.http.get("/health")
    assert answer.status_code == 503
    assert (answer.json()["state"], answer.json()["model"], answer.json()["reason"]) == (state, None, "because")
