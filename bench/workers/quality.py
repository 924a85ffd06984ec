"""How well one setting of the engine foretells fixed chats, on its own kernels: what the next token costs, what it would have said."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.worker import serve
from nanochat_engine.cache.manager import BlockManager
from nanochat_engine.config import Settings, read_settings
from nanochat_engine.loading import LoadedModel, load
from nanochat_engine.request import GenerateRequest, SamplingParams
from nanochat_engine.scheduler import Work
from nanochat_engine.sequence import Sequence
from nanochat_engine.tokenizer.tokenizer import Tokenizer

Chat = list[tuple[str, str]]
_MAX_TOKENS = 200


def measure(model: str, chats: str, greedy: int) -> dict[str, Any]:
    """Perplexity of all chats of the file, and greedy answers to the last question of the first `greedy` of them.

    predicted: the likeliest id at each token of an answer. answers: ids. Perplexity is exp of the mean negative log-likelihood.
    """
    settings = read_settings(os.environ, model=model)
    told: list[Chat] = [[(kind, text) for kind, text in chat] for chat in json.loads(Path(chats).read_text("utf-8"))]
    loaded = load(settings, lambda: None, lambda *_: None)
    nats, learnt, predicted = [], [], []
    for chat in told:
        ids, answer = rendered(loaded.tokenizer, chat)
        logits = _logits(loaded, settings, ids)[:-1]
        nats.append(F.cross_entropy(logits.double(), torch.tensor(ids[1:]), reduction="none"))
        learnt.append(torch.tensor(answer[1:]))
        predicted.append(logits.argmax(dim=-1)[learnt[-1]])
    whole, answers = torch.cat(nats), torch.cat(nats)[torch.cat(learnt)]
    return {
        "kernel": loaded.kernel,
        "dtype": loaded.dtype,
        "quantization": settings.quantization,
        "tokens": len(whole),
        "answer_tokens": len(answers),
        "perplexity": math.exp(whole.mean()),
        "answer_perplexity": math.exp(answers.mean()),
        "predicted": torch.cat(predicted).tolist(),
        "answers": [_greedy(loaded, settings, _question(loaded.tokenizer, chat)) for chat in told[:greedy]],
    }


def rendered(tokenizer: Tokenizer, chat: Chat) -> tuple[list[int], list[bool]]:
    """Ids of a whole chat, and which of them are the model's own words: no question, nothing that the calculator forces."""
    ids, own = [tokenizer.bos_id], [False]

    def add(more: list[int], owned: bool) -> None:
        ids.extend(more)
        own.extend([owned] * len(more))

    for number, (kind, text) in enumerate(chat):
        inner = tokenizer.encode(text)
        if kind == "user":
            add(
                [
                    tokenizer.user_start_id,
                    *inner,
                    tokenizer.user_end_id,
                    tokenizer.assistant_start_id,
                ],
                False,
            )
        elif kind == "python":
            add([tokenizer.python_start_id, *inner, tokenizer.python_end_id], True)
        elif kind == "output":
            add([tokenizer.output_start_id, *inner, tokenizer.output_end_id], False)
        else:
            add(inner, True)
        if kind != "user" and (number + 1 == len(chat) or chat[number + 1][0] == "user"):
            add([tokenizer.assistant_end_id], True)
    return ids, own


def _question(tokenizer: Tokenizer, chat: Chat) -> list[int]:
    """The chat up to where its last answer begins."""
    last = max(number for number, (kind, _) in enumerate(chat) if kind == "user")
    return rendered(tokenizer, chat[: last + 1])[0]


def _logits(loaded: LoadedModel, settings: Settings, ids: list[int]) -> Tensor:
    """Of every position, (tokens, vocab_size), computed by the engine's runner in chunks of STEP_TOKENS."""
    sequence, manager = _sequence(loaded, ids), BlockManager(loaded.cache, reuse=False)
    parts = []
    for start in range(0, len(ids), settings.step_tokens):
        end = min(len(ids), start + settings.step_tokens)
        if not manager.reserve(sequence.table, start, end):
            raise RuntimeError(f"the cache does not hold a chat of {len(ids)} tokens")
        batch = loaded.runner.batch([Work(sequence, start, end - start)])
        parts.append(loaded.runner.forward(replace(batch, logit_rows=torch.arange(end - start))).clone())
    return torch.cat(parts)


def _greedy(loaded: LoadedModel, settings: Settings, prompt: list[int]) -> list[int]:
    """The answer at temperature 0 as the engine gives it, the calculator's output in it."""
    sequence, manager = (
        _sequence(loaded, prompt),
        BlockManager(loaded.cache, reuse=False),
    )
    while sequence.finish_reason is None:
        length = min(settings.step_tokens, sequence.pending)
        if not manager.reserve(sequence.table, sequence.computed, sequence.computed + length):
            raise RuntimeError(f"the cache does not hold a chat of {len(sequence.ids)} tokens")
        work = Work(sequence, sequence.computed, length)
        tokens = loaded.runner.run([work]).tokens
        sequence.computed += length
        for token in tokens:
            if token is None:
                raise RuntimeError("the model gave no number")
            sequence.append(token)
    return sequence.ids[sequence.prompt_tokens :]


def _sequence(loaded: LoadedModel, ids: list[int]) -> Sequence:
    request = GenerateRequest("quality", tuple(ids), SamplingParams(seed=0, temperature=0.0))
    return Sequence(request, 0, _MAX_TOKENS, loaded.tokenizer)


if __name__ == "__main__":
    serve({"measure": measure})
