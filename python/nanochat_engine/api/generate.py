"""POST /generate: tokens as lines of JSON, with the headers at admission. The route the gateway speaks."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from nanochat_engine.api.admission import Admission
from nanochat_engine.api.body import read_body
from nanochat_engine.api.bridge import End, Step
from nanochat_engine.api.compact_json import encode
from nanochat_engine.api.error_response import error_body
from nanochat_engine.api.exchange import Exchange, Wire
from nanochat_engine.api.prompt import Prompt, chat_prompt, raw_prompt
from nanochat_engine.api.schemas import MAX_SEED, GenerateBody, SamplingBody
from nanochat_engine.config import Settings
from nanochat_engine.request import ChoiceDelta, GenerateRequest, RequestFailed


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
            calculator=body.calculator is not False,
            resume=body.resume.by_index() if body.resume is not None else {},
        )

        async def produce(wire: Wire) -> None:
            async with admission.admit(prompt, wanted) as admitted:
                await wire.start(
                    {
                        "content-type": "application/x-ndjson",
                        "x-prompt-tokens": str(admitted.prompt_tokens),
                        "x-request-id": wanted.request_id,
                    }
                )
                await wire.write(_end_line(await wire.follow(admitted.stream, _step_line)), last=True)

        return Exchange(produce)

    return router


def _prompt(body: GenerateBody, settings: Settings) -> Prompt:
    if body.messages is not None:
        return chat_prompt(body.messages, settings)
    if body.prompt is not None:
        return raw_prompt(body.prompt, settings)
    return body.prompt_token_ids or []


def _step_line(step: Step) -> str:
    return f'{{"choices":[{",".join(map(_choice, step))}]}}\n'


def _choice(delta: ChoiceDelta) -> str:
    """Written out, since this runs for each token: only the text needs an encoder."""
    token_ids = ",".join(map(str, delta.token_ids))
    finish = "null" if delta.finish_reason is None else f'"{delta.finish_reason}"'
    return (
        f'{{"index":{delta.index},"token_ids":[{token_ids}],"text":{encode(delta.text)},'
        f'"text_offset":{delta.text_offset},"finish_reason":{finish}}}'
    )


def _end_line(end: End) -> str:
    if isinstance(end, RequestFailed):
        return _line(error_body(end.error))
    return _line(
        {
            "usage": {
                "prompt_tokens": end.prompt_tokens,
                "completion_tokens": end.completion_tokens,
                "cached_tokens": end.cached_tokens,
            }
        }
    )


def _line(value: dict[str, Any]) -> str:
    return encode(value) + "\n"
