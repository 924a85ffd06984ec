"""POST /generate: tokens as lines of JSON, with the headers at admission. The route the gateway speaks."""

from __future__ import annotations

import asyncio
import secrets
import uuid

from fastapi import APIRouter, Request
from starlette.responses import Response

from nanochat_engine.api.admission import Admission, Admitted
from nanochat_engine.api.body import read_body
from nanochat_engine.api.exchange import Exchange, Wire
from nanochat_engine.api.lines import end_line, prompt_line, step_line
from nanochat_engine.api.prompt import Prompt, chat_prompt, raw_prompt
from nanochat_engine.api.schemas import MAX_SEED, GenerateBody, SamplingBody
from nanochat_engine.config import Settings
from nanochat_engine.request import GenerateRequest


def generate_router(settings: Settings, admission: Admission) -> APIRouter:
    router = APIRouter()

    @router.post("/generate", response_model=None)
    async def generate(request: Request) -> Response:
        body = await read_body(request, GenerateBody, settings)
        prompt = _prompt(body, settings)
        wanted = GenerateRequest(
            request_id=body.request_id or uuid.uuid4().hex,
            prompt_ids=(),
            params=(body.sampling or SamplingBody()).params(secrets.randbelow(MAX_SEED + 1)),
            n=body.n or 1,
            calculator=body.calculator is not False and body.constraint is None,
            constraint=None if body.constraint is None else body.constraint.constraint(),
            # Of a request that is resumed the prompt has been told.
            prompt_logprobs=body.prompt_logprobs if body.resume is None else None,
            cache_salt=body.cache_salt,
            resume=body.resume.by_index() if body.resume is not None else {},
        )

        async def produce(wire: Wire) -> None:
            async with admission.admit(prompt, wanted) as admitted:
                await wire.start(
                    {
                        "content-type": "application/x-ndjson",
                        "x-prompt-tokens": str(len(admitted.prompt_ids)),
                        "x-request-id": wanted.request_id,
                    }
                )
                if body.tells_prompt and body.resume is None:
                    await _tell_prompt(wire, admitted, scored=wanted.prompt_logprobs is not None)
                end = await wire.follow(admitted.stream, lambda step: step_line(step, admitted.tokenizer))
                await wire.write(end_line(end), last=True)

        return Exchange(produce)

    return router


async def _tell_prompt(wire: Wire, admitted: Admitted, *, scored: bool) -> None:
    """Write the prompt's line; nothing where the request ends before its prompt is scored."""
    prompt = await admitted.stream.take_prompt() if scored else None
    if scored and prompt is None:
        return
    logprobs = None if prompt is None else prompt.logprobs
    await wire.write(await asyncio.to_thread(prompt_line, admitted.prompt_ids, logprobs, admitted.tokenizer))


def _prompt(body: GenerateBody, settings: Settings) -> Prompt:
    if body.messages is not None:
        return chat_prompt(body.messages, settings)
    if body.prompt is not None:
        return raw_prompt(body.prompt, settings)
    return body.prompt_token_ids or []
