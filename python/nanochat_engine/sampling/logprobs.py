"""Raw log-probabilities from rows of logits, before anything else changes them. A row's do not depend on the rows beside it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nanochat_engine.request import TokenLogprob


@torch.inference_mode()
def raw_logprobs(logits: Tensor) -> Tensor:
    """log_softmax of logits (n, vocab_size) float32, in memory of its own: the logits may be changed afterwards."""
    return logits.log_softmax(dim=-1)


@torch.inference_mode()
def entries(logprobs: Tensor, tokens: Sequence[int], tops: Sequence[int]) -> list[TokenLogprob]:
    """For each row of logprobs (n, vocab_size) that of its token, and its tops[i] most likely ids."""
    own = logprobs[torch.arange(len(tokens), device=logprobs.device), torch.tensor(tokens, device=logprobs.device)]
    most = max(tops, default=0)
    if most == 0:
        return [TokenLogprob(value, (), ()) for value in own.tolist()]
    # One more than is wanted, to see whether equals stand on both sides of the cut.
    values, ids = logprobs.topk(min(most + 1, logprobs.shape[-1]), dim=-1)
    found = []
    for row, (value, count) in enumerate(zip(own.tolist(), tops, strict=True)):
        top_ids, top_values = _first(logprobs[row], values[row].tolist(), ids[row].tolist(), count)
        found.append(TokenLogprob(value, top_ids, top_values))
    return found


def _first(row: Tensor, values: list[float], ids: list[int], count: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The first `count` of a row's largest values and their ids, equal ones by id."""
    pairs = list(zip(values, ids, strict=True))
    if 0 < count < len(values) and values[count - 1] == values[count]:
        # Which of equals topk takes is its own affair.
        tied = (row >= values[count - 1]).nonzero().squeeze(1)
        pairs = list(zip(row[tied].tolist(), tied.tolist(), strict=True))
    pairs = sorted(pairs, key=lambda pair: (-pair[0], pair[1]))[:count]
    return tuple(id for _, id in pairs), tuple(value for value, _ in pairs)
