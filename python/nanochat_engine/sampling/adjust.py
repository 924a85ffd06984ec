"""The stage between the model's logits and the drawing: penalties, bias, mask, ids held back and min_p, in place, a row at a time."""

from __future__ import annotations

import math
from array import array

import numpy as np
import torch
from torch import Tensor

from nanochat_engine.request import SamplingParams
from nanochat_engine.sampling.adjustment import Adjustment, Mask, Occurrences

_LARGEST = torch.finfo(torch.float32).max
# For each byte of a mask what its eight tokens' logits are changed by: nothing, or to -inf. Adding takes an eighth of the time
# of filling by a boolean mask.
_BY_BYTE = np.where(
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little"),
    np.float32(0.0),
    np.float32(-math.inf),
)


@torch.inference_mode()
def adjust(row: Tensor, adjustment: Adjustment) -> None:
    """Change one row of logits (vocab_size,) float32 in place to what its token is to be drawn from.

    The order is that of vLLM: penalties, bias, mask, min_tokens, then min_p of what is left.
    """
    params = adjustment.params
    if adjustment.occurrences is not None and adjustment.occurrences.ids:
        _penalize(row, params, adjustment.occurrences)
    if adjustment.bias_ids:
        row.index_add_(0, _on_device(adjustment.bias_ids, row), _on_device(adjustment.biases, row))
    if adjustment.mask is not None:
        _mask(row, adjustment.mask)
    if adjustment.held_back:
        _hold_back(row, _on_device(adjustment.held_back, row))
    if params.min_p > 0.0 and params.temperature > 0.0:
        # p >= min_p * largest p, in logarithms: logit >= largest + temperature * log(min_p).
        least = np.float32(row.amax().item() + params.temperature * math.log(params.min_p))
        # It keeps what is above its threshold, and takes a seventh of the time of a comparison and a fill.
        torch.threshold_(row, float(np.nextafter(least, np.float32(-math.inf))), -math.inf)


def _penalize(row: Tensor, params: SamplingParams, occurrences: Occurrences) -> None:
    """The repetition penalty of CTRL (arXiv 1909.05858, section 4.1; negative logits multiplied, as is usual since), then OpenAI's:

    logit - count * frequency_penalty - (count > 0) * presence_penalty, count being that of generated tokens.
    """
    ids, counts = _on_device(occurrences.ids, row), _on_device(occurrences.counts, row)
    logits = row[ids]
    if params.repetition_penalty != 1.0:
        penalty = params.repetition_penalty
        logits = torch.where(logits > 0, logits / penalty, logits * penalty)
    logits -= counts * params.frequency_penalty + (counts > 0) * params.presence_penalty
    # A penalty near 0 would make an infinity, which nothing can be drawn beside.
    row[ids] = logits.clamp_(-_LARGEST, _LARGEST)


def _mask(row: Tensor, mask: Mask) -> None:
    """Rule out what the mask does not allow."""
    words = mask()
    if words is None:
        return
    added = _BY_BYTE.take(words.view(np.uint8), axis=0).reshape(-1)[: len(row)]
    row.add_(torch.from_numpy(added).to(row.device))


def _hold_back(row: Tensor, ids: Tensor) -> None:
    """Rule out ids that would end the choice too early, unless a mask has left nothing else."""
    before = row[ids]
    row[ids] = -math.inf
    if row.max() == -math.inf:
        row[ids] = before


def _on_device(values: array[int] | array[float], row: Tensor) -> Tensor:
    """A tensor over the array's own memory, or on the row's device; the array can't grow while it lives."""
    dtype = torch.int64 if values.typecode == "q" else torch.float32
    return torch.frombuffer(values, dtype=dtype).to(row.device)
