"""From a step's work to its sampled tokens: lays the rows out, runs the model, draws. One call a step, one device copy back."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from collections.abc import Sequence as Several
from math import isfinite
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from nanochat_engine.cache.blocks import BLOCK_TOKENS
from nanochat_engine.model.batch import Batch, Segment
from nanochat_engine.request import TokenLogprob
from nanochat_engine.sampling.adjust import adjust
from nanochat_engine.sampling.logprobs import entries, raw_logprobs
from nanochat_engine.sampling.sampler import Draw, sample
from nanochat_engine.scheduler import Work
from nanochat_engine.sequence import Sequence
from nanochat_engine.step import Computed


class Store(Protocol):
    """What a step's padding has to know of a store: slots that nobody reads, in layers without and with a window."""

    scratch_slot: int
    windowed_scratch_slot: int


# Rows whose log-probabilities are in memory at once, beside their logits.
_SCORED_AT_ONCE = 32

AnyStore = TypeVar("AnyStore", bound=Store)


class Runner:
    """Runs steps on one device.

    model: (batch, store, beat) to logits (len(logit_rows) + len(scored_rows), vocab_size). quantum: rows are padded to its multiples
    (model/rows.py). sampler: logits (n, vocab_size) and n draws to n token ids, None for a row without numbers.
    """

    def __init__(
        self,
        model: Callable[[Batch, AnyStore, Callable[[], None]], Tensor],
        store: AnyStore,
        device: torch.device,
        quantum: int,
        beat: Callable[[], None],
        sampler: Callable[[Tensor, Several[Draw]], list[int | None]] = sample,
    ) -> None:
        def forward(batch: Batch) -> Tensor:
            return model(batch, store, beat)

        self.forward = forward
        self._store: Store = store
        self._device = device
        self._sample = sampler
        self.quantum = quantum

    def run(self, work: Several[Work]) -> Computed:
        """Compute the work and draw the tokens that it ends in."""
        ending = [item.sequence for item in work if item.start + item.length == len(item.sequence.ids)]
        logits = self.logits(work)
        scored = logits[len(ending) + -len(ending) % self.quantum :]
        scores = _scores(scored, work) if len(scored) else {}
        if not ending:
            return Computed([], prompt_logprobs=scores)
        tokens, told = self._draw(logits[: len(ending)], ending)
        return Computed(tokens, told, scores)

    def _draw(self, logits: Tensor, sequences: Several[Sequence]) -> tuple[list[int | None], dict[int, TokenLogprob]]:
        """Tokens from logits (len(sequences), vocab_size), which are changed where a sequence's parameters want it."""
        told = [row for row, sequence in enumerate(sequences) if sequence.params.logprobs is not None]
        raw = raw_logprobs(logits[told]) if told else None
        adjusted = [row for row, sequence in enumerate(sequences) if sequence.adjustment is not None]
        # What holds ids back would hide that theirs is no number.
        damaged = _damaged(logits, adjusted)
        for row in adjusted:
            if (adjustment := sequences[row].adjustment) is not None and row not in damaged:
                adjust(logits[row], adjustment)
        draws = [Draw(sequence.params, sequence.index, sequence.generated) for sequence in sequences]
        drawn = self._sample(logits, draws)
        tokens = [
            None if token is None or row in damaged else sequence.choose(token)
            for row, (token, sequence) in enumerate(zip(drawn, sequences, strict=True))
        ]
        logprobs = {} if raw is None else _told(raw, told, tokens, sequences)
        for row in [row for row, each in logprobs.items() if not _is_number(each)]:
            tokens[row] = None
            del logprobs[row]
        return tokens, logprobs

    def logits(self, work: Several[Work]) -> Tensor:
        """Compute the work; logits (rows, vocab_size) of the items that end their sequence's ids, in order, then padding; then

        the same of unscored positions.
        """
        return self.forward(self.batch(work))

    def batch(self, work: Several[Work]) -> Batch:
        """Lay the work's rows end to end, padded with rows that write to the scratch slot and that nobody reads."""
        ids: list[int] = []
        previous: list[int] = []
        positions: list[int] = []
        slots: list[int] = []
        windowed_slots: list[int] = []
        segments: list[Segment] = []
        last_rows: list[int] = []
        scored_rows: list[int] = []
        for sequence, start, length in work:
            tokens, table = sequence.ids, sequence.table
            end = start + length
            if sequence.scoring:
                scored_rows += [len(ids) + position - start for position in sequence.unscored(start, length)]
            segments.append(Segment(len(ids), start, length, table.blocks, table.windowed))
            ids += tokens[start:end]
            previous += tokens[start - 1 : end - 1] if start else [0, *tokens[: end - 1]]
            positions += range(start, end)
            _append_slots(slots, table.blocks, start, end)
            if table.windowed:
                _append_slots(windowed_slots, table.windowed, start, end)
            if end == len(tokens):
                last_rows.append(len(ids) - 1)
        padding = -len(ids) % self.quantum
        rows, windowed = len(ids) + padding, bool(windowed_slots)
        # One buffer, so that one copy takes everything to the device.
        columns = array("q", ids + [0] * padding)
        columns.extend(previous + [0] * padding)
        columns.extend(positions + [0] * padding)
        columns.extend(slots + [self._store.scratch_slot] * padding)
        if windowed:
            columns.extend(windowed_slots + [self._store.windowed_scratch_slot] * padding)
        last_rows += [0] * (-len(last_rows) % self.quantum)
        columns.extend(last_rows)
        columns.extend(scored_rows + [0] * (-len(scored_rows) % self.quantum))
        on_device = torch.frombuffer(columns, dtype=torch.int64).to(self._device)
        first = (4 + windowed) * rows
        row_columns = on_device[:first].view(-1, rows).unbind()
        return Batch(
            token_ids=row_columns[0],
            previous_ids=row_columns[1],
            positions=row_columns[2],
            slots=row_columns[3],
            windowed_slots=row_columns[-1],
            segments=tuple(segments),
            logit_rows=on_device[first : first + len(last_rows)],
            scored_rows=on_device[first + len(last_rows) :] if scored_rows else None,
        )


def _scores(logits: Tensor, work: Several[Work]) -> dict[int, list[TokenLogprob] | None]:
    """By place in the work the log-probabilities of the prompt's tokens after unscored positions, whose logits these are, in order."""
    scores: dict[int, list[TokenLogprob] | None] = {}
    row = 0
    for number, (sequence, start, length) in enumerate(work):
        tokens = [sequence.ids[position + 1] for position in sequence.unscored(start, length)]
        told: list[TokenLogprob] = []
        for at in range(0, len(tokens), _SCORED_AT_ONCE):
            some = tokens[at : at + _SCORED_AT_ONCE]
            raw = raw_logprobs(logits[row : row + len(some)])
            told += entries(raw, some, [sequence.prompt_logprobs] * len(some))
            row += len(some)
        if tokens:
            scores[number] = told if all(map(_is_number, told)) else None
    return scores


def _told(
    raw: Tensor, rows: Several[int], tokens: Several[int | None], sequences: Several[Sequence]
) -> dict[int, TokenLogprob]:
    """By row the log-probabilities of the token that its sequence takes; raw: those of `rows`, in their order."""
    taken: list[int] = []
    for row in rows:
        forced, token = sequences[row].next_forced(), tokens[row]
        # Without a number there is no token, and its request ends.
        taken.append(forced if forced is not None else token or 0)
    tops = [sequences[row].params.logprobs or 0 for row in rows]
    return dict(zip(rows, entries(raw, taken, tops), strict=True))


def _damaged(logits: Tensor, rows: Several[int]) -> set[int]:
    """Those of `rows`, which ascend, with an id whose logit is no number; the device is waited for once, whatever their count."""
    if not rows:
        return set()
    first = rows[0]
    # A slice: an index by `rows` would have to be copied to the device, which waits for it too.
    largest = logits[first : rows[-1] + 1].amax(dim=1).tolist()
    return {row for row in rows if not isfinite(largest[row - first])}


def _is_number(logprob: TokenLogprob) -> bool:
    """Whether JSON can say it."""
    return all(map(isfinite, (logprob.logprob, *logprob.top_logprobs)))


def _append_slots(slots: list[int], blocks: tuple[int, ...], start: int, end: int) -> None:
    """The slots of positions [start, end), block by block."""
    while start < end:
        index = start // BLOCK_TOKENS
        shift = (blocks[index] - index) * BLOCK_TOKENS
        stop = min(end, (index + 1) * BLOCK_TOKENS)
        slots += range(start + shift, stop + shift)
        start = stop
