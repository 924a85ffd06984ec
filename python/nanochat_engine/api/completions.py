"""POST /v1/completions: OpenAI's raw completion, thin, for an engine that runs alone. The prompt is a text or its token ids."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from nanochat_engine.api.admission import Admission
from nanochat_engine.api.body import read_body
from nanochat_engine.api.engine_port import EnginePort
from nanochat_engine.api.models import check_model
from nanochat_engine.api.openai_answer import AnswerShape, Choice
from nanochat_engine.api.openai_exchange import openai_exchange
from nanochat_engine.api.openai_schemas import CompletionBody
from nanochat_engine.api.prompt import raw_prompt
from nanochat_engine.config import Settings
from nanochat_engine.request import FinishReason


def _text(index: int, text: str, finish: FinishReason | None) -> Choice:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": finish}


SHAPE = AnswerShape(
    id_prefix="cmpl",
    object="text_completion",
    chunk_object="text_completion",
    opening=lambda _: None,
    part=_text,
    whole=_text,
)


def completions_router(settings: Settings, engine: EnginePort, admission: Admission) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/completions", response_model=None)
    async def completions(request: Request) -> Response:
        body = await read_body(request, CompletionBody, settings)
        model = check_model(body.model, settings, engine)
        prompt = raw_prompt(body.prompt, settings) if isinstance(body.prompt, str) else body.prompt
        return openai_exchange(SHAPE, body, prompt, model, admission)

    return router
