"""Puts the application together: the routes, the one place for errors, and the gate before all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from nanochat_engine.api.admission import Admission
from nanochat_engine.api.bridge import Bridge
from nanochat_engine.api.chat_completions import chat_completions_router
from nanochat_engine.api.completions import completions_router
from nanochat_engine.api.engine_port import EnginePort
from nanochat_engine.api.error_response import HttpRefusal, error_response
from nanochat_engine.api.faults import Faults
from nanochat_engine.api.gate import Gate
from nanochat_engine.api.generate import generate_router
from nanochat_engine.api.health import health_router
from nanochat_engine.api.models import models_router
from nanochat_engine.api.tokens import tokens_router
from nanochat_engine.config import Settings
from nanochat_engine.errors import EngineError


def create_app(settings: Settings, engine: EnginePort, bridge: Bridge) -> FastAPI:
    """The application over an engine that publishes to `bridge`. The bridge is bound to the loop the application starts on."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        bridge.bind(asyncio.get_running_loop())
        yield
        bridge.unbind()

    # Bodies are parsed strictly by api.body, which a generated schema could not describe.
    app = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    admission = Admission(settings, engine, bridge)
    app.include_router(health_router(settings, engine))
    app.include_router(generate_router(settings, admission))
    app.include_router(tokens_router(settings, admission))
    app.include_router(models_router(settings, engine))
    app.include_router(chat_completions_router(settings, engine, admission))
    app.include_router(completions_router(settings, engine, admission))
    app.add_exception_handler(EngineError, _answer)
    app.add_exception_handler(HTTPException, _answer_routing)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    # The last one added stands first.
    app.add_middleware(Faults)
    app.add_middleware(Gate, token=settings.token)
    return app


async def _answer(_: Request, error: Exception) -> Response:
    return error_response(error)


async def _answer_routing(request: Request, error: Exception) -> Response:
    """Routing's own refusals: unknown path, wrong method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(getattr(error, "headers", None) or {})
    if status == 404:
        message = f"No route {request.method} {request.url.path[:128]}."
    elif status == 405:
        message = f"{request.url.path[:128]} does not take {request.method}."
    else:
        message = f"The request was refused with status {status}."
    return error_response(HttpRefusal(status, message, headers=headers))


async def _answer_nobody(_: Request, __: Exception) -> Response:
    """The client left while it sent its body: nobody reads this."""
    return Response(status_code=400)
