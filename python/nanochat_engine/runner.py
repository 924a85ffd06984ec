"""From a step's work to its sampled tokens: lays the rows out, runs the model, draws. One call a step, one device copy back."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Several
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from nanochat_engine.cache.blocks import BLOCK_TOKENS
from nanochat_engine.model.batch import Batch, Segment
from nanochat_engine.sampling.sampler import Draw, sample
from nanochat_engine.scheduler import Work


class Store(Protocol):
    """What a step's padding has to know of a store: slots that nobody reads, in layers without and with a window."""

    scratch_slot: int
    windowed_scratch_slot: int


AnyStore = TypeVar("AnyStore", bound=Store)


class Runner:
    """Runs steps on one device.

    model: (batch, store, beat) to logits (len(batch.logit_rows), vocab_size). quantum: rows are padded to its multiples
    (model/rows.py).
    """

    def __init__(
        self,
        model: Callable[[Batch, AnyStore, Callable[[], None]], Tensor],
        store: AnyStore,
        device: torch.device,
        quantum: int,
        beat: Callable[[], None],
    ) -> None:
        def forward(batch: Batch) -> Tensor:
            return model(batch, store, beat)

        self._forward = forward
        self._store: Store = store
        self._device = device
        self.quantum = quantum

    def run(self, work: Several[Work]) -> list[int | None]:
        """Compute the work; a token for each item that ends its sequence's ids, in the order of `work`, None where the model gave no number."""
        ending = [item.sequence for item in work if item.start + item.length == len(item.sequence.ids)]
        logits = self.logits(work)
        if not ending:
            return []
        draws = [Draw(sequence.params, sequence.index, sequence.generated) for sequence in ending]
        return sample(logits[: len(ending)], draws)

    def logits(self, work: Several[Work]) -> Tensor:
        """Compute the work; logits (rows, vocab_size) of the items that end their sequence's ids, in order, then padding."""
        return self._forward(self.batch(work))

    def batch(self, work: Several[Work]) -> Batch:
        """Lay the work's rows end to end, padded with rows that write to the scratch slot and that nobody reads."""
        ids: list[int] = []
        previous: list[int] = []
        positions: list[int] = []
        slots: list[int] = []
        segments: list[Segment] = []
        last_rows: list[int] = []
        for item in work:
            tokens, blocks = item.sequence.ids, item.sequence.blocks
            end = item.start + item.length
            segments.append(Segment(len(ids), item.start, item.length, tuple(blocks), windowed=tuple(blocks)))
            ids += tokens[item.start : end]
            previous += tokens[item.start - 1 : end - 1] if item.start else [0, *tokens[: end - 1]]
            positions += range(item.start, end)
            slots += (blocks[p // BLOCK_TOKENS] * BLOCK_TOKENS + p % BLOCK_TOKENS for p in range(item.start, end))
            if end == len(tokens):
                last_rows.append(len(ids) - 1)
        padding = -len(ids) % self.quantum
        return Batch(
            token_ids=self._ids(ids + [0] * padding),
            previous_ids=self._ids(previous + [0] * padding),
            positions=self._ids(positions + [0] * padding),
            slots=self._ids(slots + [self._store.scratch_slot] * padding),
            windowed_slots=self._ids(slots + [self._store.windowed_scratch_slot] * padding),
            segments=tuple(segments),
            logit_rows=self._ids(last_rows + [0] * (-len(last_rows) % self.quantum)),
        )

    def _ids(self, values: list[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.int64, device=self._device)
