"""GET /health: the engine's snapshot as JSON. Answered on the event loop from numbers at hand; it never waits for the engine."""

from __future__ import annotations

import os
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse

from nanochat_engine import __version__
from nanochat_engine.api.engine_port import EnginePort
from nanochat_engine.config import Settings
from nanochat_engine.snapshot import EngineSnapshot


def health_router(settings: Settings, engine: EnginePort) -> APIRouter:
    router = APIRouter()

    @router.get("/health", response_model=None)
    async def health() -> JSONResponse:
        snapshot = engine.snapshot()
        return JSONResponse(
            _body(settings, snapshot),
            status_code=200 if snapshot.state == "ready" else 503,
            headers={"cache-control": "no-store"},
        )

    return router


def _body(settings: Settings, snapshot: EngineSnapshot) -> dict[str, Any]:
    model = snapshot.model
    return {
        "state": snapshot.state,
        "phase": snapshot.phase,
        "progress": snapshot.progress,
        "reason": snapshot.reason,
        "nonce": settings.nonce,
        "pid": os.getpid(),
        "version": __version__,
        "device": snapshot.device,
        "dtype": snapshot.dtype,
        "kernel": snapshot.kernel,
        "quantization": snapshot.quantization,
        "batch_invariant": snapshot.batch_invariant,
        "model": None
        if model is None
        else {
            "id": model.id,
            "generation": model.generation,
            "context_length": model.context_length,
            "vocab_size": model.vocab_size,
            "parameters": model.parameters,
        },
        "running": snapshot.running,
        "waiting": snapshot.waiting,
        "max_running": snapshot.max_running,
        "max_waiting": snapshot.max_waiting,
        "cache": {
            "block_tokens": snapshot.block_tokens,
            "blocks": snapshot.blocks,
            "blocks_used": snapshot.blocks_used,
        },
        "working": snapshot.working,
        "beat_age_seconds": snapshot.beat_age_seconds,
        "longest_step_seconds": snapshot.longest_step_seconds,
        "steps": snapshot.steps,
        "finished": snapshot.finished,
        "aborted": snapshot.aborted,
        "abort_steps_max": snapshot.abort_steps_max,
    }
