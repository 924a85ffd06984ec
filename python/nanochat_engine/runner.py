"""From a step's work to its sampled tokens: lays the rows out, runs the model, draws. One call a step, one device copy back."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Several

import torch
from torch import Tensor

from nanochat_engine.cache.blocks import BLOCK_TOKENS
from nanochat_engine.cache.store import BlockStore
from nanochat_engine.model.batch import Batch, Segment
from nanochat_engine.model.transformer import Transformer
from nanochat_engine.sampling.sampler import Draw, sample
from nanochat_engine.scheduler import Work


class Runner:
    """Runs steps on one device. quantum: rows are padded to its multiples (model/rows.py)."""

    def __init__(
        self, model: Transformer, store: BlockStore, device: torch.device, quantum: int, beat: Callable[[], None]
    ) -> None:
        self._model = model
        self._store = store
        self._device = device
        self.quantum = quantum
        self._beat = beat

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
        logits: Tensor = self._model(self.batch(work), self._store, self._beat)
        return logits

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
            segments.append(Segment(len(ids), item.start, item.length, tuple(blocks)))
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
            segments=tuple(segments),
            logit_rows=self._ids(last_rows + [0] * (-len(last_rows) % self.quantum)),
        )

    def _ids(self, values: list[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.int64, device=self._device)
