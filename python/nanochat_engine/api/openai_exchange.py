"""From a checked body of OpenAI's to the exchange that answers it: what chat and completions have in common."""

from __future__ import annotations

import secrets
import uuid

from nanochat_engine.api.admission import Admission
from nanochat_engine.api.exchange import Exchange
from nanochat_engine.api.openai_answer import Answer, AnswerShape
from nanochat_engine.api.openai_schemas import OpenAIBody
from nanochat_engine.api.prompt import Prompt
from nanochat_engine.api.schemas import MAX_SEED
from nanochat_engine.request import GenerateRequest


def openai_exchange(shape: AnswerShape, body: OpenAIBody, prompt: Prompt, model: str, admission: Admission) -> Exchange:
    """The answer to `body`, streamed or whole as it asks; model: the name to answer under."""
    wanted = GenerateRequest(
        request_id=f"{shape.id_prefix}-{uuid.uuid4().hex}",
        prompt_ids=(),
        params=body.params(secrets.randbelow(MAX_SEED + 1)),
        n=body.n or 1,
    )
    answer = Answer(
        shape=shape,
        id=wanted.request_id,
        model=model,
        n=wanted.n,
        include_usage=body.include_usage(),
        admit=lambda: admission.admit(prompt, wanted),
    )
    return Exchange(answer.stream if body.stream else answer.collect)
