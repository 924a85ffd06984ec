"""Every generation gives the logits and the continuation that nanochat's own code of its date gave, in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from nanochat_engine.model.batch import Batch, Segment
from tests.golden import NAMES, NATIVE, golden_model, native_model, reference

TOLERANCE = 1e-4
PATHS = ("torch", *NATIVE)

Forward = Callable[[Batch], torch.Tensor]


def forward_of(name: str, path: str) -> Forward:
    """The golden model's forward pass on PyTorch's kernels or on a native variant."""
    model: Any
    model, store = golden_model(name) if path == "torch" else native_model(name, path)
    # A native model gives its logits in a buffer that the next step writes.
    return lambda batch: model(batch, store).clone()


def rows(tokens: list[int], spans: list[tuple[int, int, int]]) -> Batch:
    """A batch of spans (first cache block, start, end) of tokens, every row's logits wanted; each span owns 16 blocks."""
    ids: list[int] = []
    previous: list[int] = []
    positions: list[int] = []
    slots: list[int] = []
    segments: list[Segment] = []
    for block, start, end in spans:
        blocks = tuple(range(block, block + 16))
        segments.append(Segment(len(ids), start, end - start, blocks, windowed=blocks))
        ids += tokens[start:end]
        previous += [0, *tokens][start:end]
        positions += range(start, end)
        slots += range(block * 64 + start, block * 64 + end)
    columns = (torch.tensor(column) for column in (ids, previous, positions, slots, slots))
    return Batch(*columns, segments=tuple(segments), logit_rows=torch.arange(len(ids)))


@pytest.mark.parametrize("chunk", [700, 64, 7, 1])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", NAMES)
def test_logits_match_in_one_pass_and_in_chunks(name: str, path: str, chunk: int) -> None:
    expected = reference(name)
    forward = forward_of(name, path)
    tokens = expected.tokens
    chunks = [
        forward(rows(tokens, [(0, start, min(start + chunk, len(tokens)))])) for start in range(0, len(tokens), chunk)
    ]
    assert (torch.cat(chunks)[expected.positions] - expected.logits).abs().max() <= TOLERANCE


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", NAMES)
def test_logits_match_in_a_batch_with_sequences_of_other_lengths(name: str, path: str) -> None:
    expected = reference(name)
    forward = forward_of(name, path)
    tokens = expected.tokens
    # Three sequences of the same tokens stand at different places: one begins, one is in its middle, one is the reference.
    others = [(16, 0, 300), (32, 0, 5)]
    first = forward(rows(tokens, [others[0], (0, 0, 320), others[1]]))
    second = forward(rows(tokens, [(16, 300, 301), (32, 5, 70), (0, 320, len(tokens))]))
    logits = torch.cat((first[300:620], second[66:]))
    assert (logits[expected.positions] - expected.logits).abs().max() <= TOLERANCE


@pytest.mark.parametrize("cached", [True, False], ids=["through the cache", "recomputed"])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", NAMES)
def test_the_greedy_continuation_is_the_same(name: str, path: str, cached: bool) -> None:
    expected = reference(name)
    forward = forward_of(name, path)
    tokens = list(expected.tokens)
    start = 0
    for _ in expected.continuation:
        logits = forward(rows(tokens, [(0, start, len(tokens))]))
        start = len(tokens) if cached else 0
        tokens.append(int(logits[-1].argmax()))
    assert tokens[len(expected.tokens) :] == expected.continuation
