"""POST /tokenize and /detokenize: what a prompt's ids are, and what text ids have. No model runs."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from nanochat_engine.api.admission import Admission
from nanochat_engine.api.body import read_body
from nanochat_engine.api.compact_json import encode
from nanochat_engine.api.prompt import chat_prompt, check_ids, prompt_ids, raw_prompt
from nanochat_engine.api.schemas import DetokenizeBody, TokenizeBody
from nanochat_engine.config import Settings
from nanochat_engine.errors import InvalidRequest
from nanochat_engine.tokenizer.tokenizer import Tokenizer


def tokens_router(settings: Settings, admission: Admission) -> APIRouter:
    router = APIRouter()

    @router.post("/tokenize", response_model=None)
    async def tokenize(request: Request) -> Response:
        body = await read_body(request, TokenizeBody, settings)
        prompt = (
            chat_prompt(body.messages, settings)
            if body.messages is not None
            else raw_prompt(body.prompt or "", settings)
        )

        def answer(tokenizer: Tokenizer) -> str:
            ids = prompt_ids(prompt, tokenizer)
            strings = [tokenizer.spelling(token).decode("utf-8", errors="replace") for token in ids]
            return encode({"token_ids": ids, "token_strings": strings})

        return Response(await admission.with_tokenizer(answer), media_type="application/json")

    @router.post("/detokenize", response_model=None)
    async def detokenize(request: Request) -> Response:
        body = await read_body(request, DetokenizeBody, settings)
        ids = body.token_ids
        if len(ids) > settings.max_total_chars:
            raise InvalidRequest(
                f"token_ids: at most {settings.max_total_chars} are taken, not {len(ids)}.", param="token_ids"
            )

        def answer(tokenizer: Tokenizer) -> str:
            check_ids(ids, tokenizer.vocab_size, "token_ids")
            return encode({"text": tokenizer.decode(ids)})

        return Response(await admission.with_tokenizer(answer), media_type="application/json")

    return router
