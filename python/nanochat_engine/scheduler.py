"""Which tokens of which sequences the next step computes. Integers and lists: no torch, no clock, no thread.

Continuous batching: sequences join and leave at any step. A prompt is computed in chunks (Sarathi, arXiv 2308.16369). Where a
row's bits depend on how it was computed, chunks end at every multiple of the block and a generated token is a row of its own,
when it is new and when it is replayed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence as Several
from typing import NamedTuple

from nanochat_engine.cache.blocks import BLOCK_TOKENS
from nanochat_engine.cache.manager import BlockManager
from nanochat_engine.errors import QueueFull
from nanochat_engine.sequence import Sequence
from nanochat_engine.step_costs import StepCosts


class Work(NamedTuple):
    """Rows of one sequence in a step: positions [start, start + length), computed together."""

    sequence: Sequence
    start: int
    length: int


class Scheduler:
    """Owns who runs and who waits, and through `cache` the blocks they hold.

    step_tokens: rows a step may spend on prompts and replay while nobody decodes; beside decoding sequences it is as many as
    `costs` allows, so that a long prompt never makes running streams wait for long. free_cuts: rows have the same bits in
    chunks of any length, so that a step takes as much of a prompt, or of a replay, as it may; chunks end at multiples of
    chunk_multiple. scored_rows: rows a step may spend on prompts that are scored, whose logits all take memory; at least a block.
    """

    def __init__(
        self,
        cache: BlockManager,
        *,
        max_running: int,
        max_waiting: int,
        step_tokens: int,
        chunk_multiple: int = BLOCK_TOKENS,
        free_cuts: bool = False,
        scored_rows: int = BLOCK_TOKENS,
    ) -> None:
        self.cache = cache
        self.costs = StepCosts()
        self.running: list[Sequence] = []
        self.waiting: deque[Sequence] = deque()
        self.preempted = 0
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._step_tokens = step_tokens
        self._chunk_multiple = chunk_multiple
        self._free_cuts = free_cuts
        self._scored_rows = self._scored_rows_left = scored_rows

    @property
    def idle(self) -> bool:
        return not self.running and not self.waiting

    def add(self, sequences: Several[Sequence]) -> None:
        """Queue the choices of one request. Raises QueueFull when too many would wait; a request alone is always taken."""
        room = self._max_running - len(self.running)
        if not self.idle and len(self.waiting) + len(sequences) > self._max_waiting + room:
            raise QueueFull(f"{len(self.waiting)} sequences wait already; try again later.")
        self.waiting.extend(sequences)

    def remove(self, sequence: Sequence) -> None:
        """Forget a sequence that finished or was aborted, wherever it is, and let go of its blocks."""
        if sequence in self.running:
            self.running.remove(sequence)
        elif sequence in self.waiting:
            self.waiting.remove(sequence)
        self._release(sequence)

    def schedule(self) -> list[Work]:
        """The next step's rows. Blocks for them are held on return; the caller tells `advance` once they are computed."""
        work: list[Work] = []
        self._scored_rows_left = self._scored_rows
        running, index = self.running, 0
        # Only the last are ever put back, so that an index into what runs stays right.
        while index < len(running):
            sequence = running[index]
            computed, tokens = sequence.computed, len(sequence.ids)
            if tokens - computed == 1:
                held = len(sequence.table.blocks) * BLOCK_TOKENS >= tokens
                if held or self._reserve(sequence, tokens, work):
                    work.append(Work(sequence, computed, 1))
            index += 1
        if len(work) == len(running) and not self.waiting:
            return work
        budget = self._step_tokens
        if work:
            budget = self.costs.beside_rows(len(work), self._chunk_multiple, budget)
        index = 0
        while index < len(running):
            if running[index].pending > 1:
                budget -= self._advance(running[index], budget, work)
            index += 1
        self._admit(budget, work)
        return work

    def advance(self, sequence: Sequence, computed: int) -> None:
        """The first `computed` tokens of a running sequence are computed."""
        sequence.computed = computed
        if computed - sequence.table.entered * BLOCK_TOKENS >= BLOCK_TOKENS:
            self.cache.enter(sequence.table, computed)

    def observe(self, work: Several[Work], seconds: float) -> None:
        """Learn what a step cost; call it before its tokens are appended."""
        decoding = prompt_rows = 0
        for sequence, start, length in work:
            if length == 1 and start == len(sequence.ids) - 1:
                decoding += 1
            else:
                prompt_rows += length
        self.costs.observe(decoding, prompt_rows, seconds)

    def _admit(self, budget: int, work: list[Work]) -> None:
        """Start waiting sequences in their order, but for those that a running one computes blocks for: they wait for these."""
        # One newcomer a step beside running streams: several short prompts at once would make them wait as a long one does.
        starts = 1 if work else self._max_running
        for sequence in tuple(self.waiting):
            if budget <= 0 or starts == 0 or len(self.running) >= self._max_running:
                return
            if sequence.after is not None and sequence.after.scoring:
                continue
            found = 0 if sequence.scoring else self.cache.find(sequence.table)
            if not sequence.scoring and any(
                self.cache.awaits(sequence.table, found, other.table) for other in self.running
            ):
                continue
            if not self.cache.fits(sequence.table, found):
                return
            starts -= 1
            self.waiting.remove(sequence)
            self.running.append(sequence)
            self.cache.attach(sequence.table, found)
            sequence.start(found * BLOCK_TOKENS)
            budget -= self._advance(sequence, budget, work)

    def _advance(self, sequence: Sequence, budget: int, work: list[Work]) -> int:
        """Schedule as much of a prompt, or of ids to replay, as the budget takes; return the rows spent."""
        start = position = sequence.computed
        if sequence.scoring:
            budget = min(budget, self._scored_rows_left)
        last = start + budget
        while position < len(sequence.ids):
            end = self._chunk_end(sequence, position, last)
            if not position < end <= last:
                break
            held = self.cache.reserve(sequence.table, start, end)
            # Others are put back for the first chunk alone.
            if not held and (position > start or not self._reserve(sequence, end, work)):
                break
            work.append(Work(sequence, position, end - position))
            position = end
        if sequence.scoring:
            self._scored_rows_left -= position - start
        return position - start

    def _chunk_end(self, sequence: Sequence, position: int, last: int) -> int:
        """Where the chunk that begins at `position` ends; with free cuts not beyond `last`, nor beyond what fits."""
        multiple, tokens = self._chunk_multiple, len(sequence.ids)
        if not self._free_cuts:
            if position >= sequence.prompt_tokens:
                return position + 1
            return min((position // multiple + 1) * multiple, sequence.prompt_tokens)
        # What is free goes before what others would have to be put back for.
        room = (len(sequence.table.blocks) + self.cache.available) * BLOCK_TOKENS
        last = min(last, max(room, position + multiple))
        return tokens if tokens <= last else last // multiple * multiple

    def _reserve(self, sequence: Sequence, tokens: int, work: list[Work]) -> bool:
        """Hold blocks for `tokens` positions. Where none is free the youngest sequences are put back, this one at the last."""
        while not self.cache.reserve(sequence.table, sequence.computed, tokens):
            youngest = self.running[-1]
            self._preempt(youngest)
            work[:] = [item for item in work if item.sequence is not youngest]
            if youngest is sequence:
                return False
        return True

    def _preempt(self, sequence: Sequence) -> None:
        """Put a running sequence back to the head of the queue; what can't be found then is recomputed, to the same bits."""
        self.running.remove(sequence)
        self._release(sequence)
        self.waiting.appendleft(sequence)
        self.preempted += 1

    def _release(self, sequence: Sequence) -> None:
        self.cache.release(sequence.table)
        sequence.computed = 0
