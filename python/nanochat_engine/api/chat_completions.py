"""POST /v1/chat/completions and /chat/completions: OpenAI's chat, thin, for an engine that runs alone."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from nanochat_engine.api.admission import Admission
from nanochat_engine.api.body import read_body
from nanochat_engine.api.engine_port import EnginePort
from nanochat_engine.api.models import check_model
from nanochat_engine.api.openai_answer import AnswerShape, Choice
from nanochat_engine.api.openai_exchange import openai_exchange
from nanochat_engine.api.openai_schemas import ChatCompletionBody
from nanochat_engine.api.prompt import chat_prompt
from nanochat_engine.config import Settings
from nanochat_engine.request import FinishReason


def _delta(index: int, delta: dict[str, str], finish: FinishReason | None = None) -> Choice:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _message(index: int, text: str, finish: FinishReason | None) -> Choice:
    message = {"role": "assistant", "content": text, "refusal": None}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": finish}


SHAPE = AnswerShape(
    id_prefix="chatcmpl",
    object="chat.completion",
    chunk_object="chat.completion.chunk",
    opening=lambda index: _delta(index, {"role": "assistant", "content": ""}),
    part=lambda index, text, finish: _delta(index, {"content": text} if text else {}, finish),
    whole=_message,
)


def chat_completions_router(settings: Settings, engine: EnginePort, admission: Admission) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/chat/completions", response_model=None)
    @router.post("/chat/completions", response_model=None)
    async def chat_completions(request: Request) -> Response:
        body = await read_body(request, ChatCompletionBody, settings)
        model = check_model(body.model, settings, engine)
        prompt = chat_prompt(body.messages, settings)
        return openai_exchange(SHAPE, body, prompt, model, admission)

    return router
