"""One token a row from a step's logits. A row's token depends on its own logits, parameters and random number alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nanochat_engine.request import SamplingParams
from nanochat_engine.sampling.random import uniform

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


class Draw(NamedTuple):
    """What a row's token is drawn with. position: generated tokens of the choice before this one."""

    params: SamplingParams
    choice: int
    position: int


def sample(logits: Tensor, draws: Sequence[Draw]) -> list[int | None]:
    """Draw one token id for each row of logits (len(draws), vocab_size) float32; None for a row that holds no number (NaN)."""
    largest, best = logits.max(dim=-1)
    usable = largest.isfinite().tolist()
    tokens: list[int | None] = [token if fit else None for token, fit in zip(best.tolist(), usable, strict=True)]
    drawn = [
        row for row, draw in enumerate(draws) if usable[row] and draw.params.temperature > 0 and draw.params.top_k != 1
    ]
    if not drawn:
        return tokens
    for row, (values, ids) in zip(drawn, _candidates(logits, drawn, draws), strict=True):
        draw = draws[row]
        number = uniform(draw.params.seed, draw.choice, draw.position)
        tokens[row] = _pick(values, ids, draw.params, number)
    return tokens


def _candidates(logits: Tensor, rows: Sequence[int], draws: Sequence[Draw]) -> list[tuple[Floats, Ids]]:
    """For each row its top_k logits (all where top_k is off) and their ids, largest first, equal ones by id."""
    vocab = logits.shape[-1]
    ks = [min(k, vocab) if (k := draws[row].params.top_k) > 0 else vocab for row in rows]
    limited = max((k for k in ks if k < vocab), default=0)
    chosen = logits if len(rows) == len(draws) else logits[torch.tensor(rows, device=logits.device)]
    # Ties at the k-th place are cut by id, so the k-th value is what a row needs of the others' larger k.
    top = chosen.topk(limited, dim=-1).values if limited else None
    result: list[tuple[Floats, Ids]] = []
    for number, k in enumerate(ks):
        row = chosen[number]
        if k < vocab and top is not None:
            ids = (row >= top[number, k - 1]).nonzero().squeeze(1)
        else:
            ids = torch.arange(vocab, device=row.device)
        values = row[ids].cpu().numpy().astype(np.float64)
        order = np.argsort(-values, kind="stable")[:k]
        result.append((values[order], ids.cpu().numpy()[order]))
    return result


def _pick(values: Floats, ids: Ids, params: SamplingParams, number: float) -> int:
    """Invert the cumulative distribution at `number`: softmax(values / temperature), cut to the nucleus of top_p.

    The nucleus is the smallest set of largest probabilities whose sum reaches top_p (Holtzman et al., arXiv 1904.09751).
    """
    weights = np.exp((values - values[0]) / params.temperature)
    cumulative = np.cumsum(weights)
    if params.top_p < 1.0:
        last = int(np.searchsorted(cumulative, params.top_p * cumulative[-1]))
        cumulative = cumulative[: last + 1]
    index = int(np.searchsorted(cumulative, number * cumulative[-1], side="right"))
    return int(ids[min(index, len(cumulative) - 1)])
