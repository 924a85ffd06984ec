"""GET /v1/models, and the names under which the served model is known."""

from __future__ import annotations

from fastapi import APIRouter

from nanochat_engine.api.engine_port import EnginePort
from nanochat_engine.api.error_response import HttpRefusal
from nanochat_engine.config import Settings

# Names whatever model is served, beside the model's own id.
ALIAS = "nanochat"


def models_router(settings: Settings, engine: EnginePort) -> APIRouter:
    router = APIRouter()

    @router.get("/v1/models", response_model=None)
    async def models() -> dict[str, object]:
        names = dict.fromkeys((served_model(settings, engine), ALIAS))
        return {
            "object": "list",
            "data": [{"id": name, "object": "model", "created": 0, "owned_by": "nanochat"} for name in names],
        }

    return router


def served_model(settings: Settings, engine: EnginePort) -> str:
    model = engine.snapshot().model
    return model.id if model is not None else settings.model_id


def check_model(asked: str | None, settings: Settings, engine: EnginePort) -> str:
    """The name to answer under; raises HttpRefusal 404 for a model that is not served."""
    served = served_model(settings, engine)
    if asked in (None, served, settings.model_id, ALIAS):
        return asked or served
    raise HttpRefusal(404, f"This engine serves {served!r} alone.", code="model_not_found", param="model")
