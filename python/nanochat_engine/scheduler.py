"""Which tokens of which sequences the next step computes. Integers and lists: no torch, no clock, no thread.

Continuous batching: sequences join and leave at any step. A prompt is computed in chunks that end at multiples of the
block (Sarathi, arXiv 2308.16369); a generated token is a row of its own, when it is new and when it is replayed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence as Several
from dataclasses import dataclass

from nanochat_engine.cache.blocks import BLOCK_TOKENS, BlockPool, blocks_for
from nanochat_engine.errors import QueueFull
from nanochat_engine.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Work:
    """Rows of one sequence in a step: positions [start, start + length), computed together."""

    sequence: Sequence
    start: int
    length: int


class Scheduler:
    """Owns who runs and who waits, and the blocks they hold.

    step_tokens: rows a step may spend on prompts and replay while nobody decodes; beside decoding sequences it is one block,
    so that a long prompt never makes running streams wait for more than a chunk.
    """

    def __init__(self, pool: BlockPool, *, max_running: int, max_waiting: int, step_tokens: int) -> None:
        self.pool = pool
        self.running: list[Sequence] = []
        self.waiting: deque[Sequence] = deque()
        self.preempted = 0
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._step_tokens = step_tokens

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
        """Forget a sequence that finished or was aborted, wherever it is, and free its blocks."""
        if sequence in self.running:
            self.running.remove(sequence)
        elif sequence in self.waiting:
            self.waiting.remove(sequence)
        self._free(sequence)

    def schedule(self) -> list[Work]:
        """The next step's rows. Blocks for them are held on return; `computed` is moved by the caller once they are computed."""
        work: list[Work] = []
        for sequence in tuple(self.running):
            if sequence.pending == 1 and sequence in self.running and self._reserve(sequence, len(sequence.ids), work):
                work.append(Work(sequence, sequence.computed, 1))
        budget = BLOCK_TOKENS if work else self._step_tokens
        for sequence in tuple(self.running):
            if sequence.pending > 1 and sequence in self.running:
                budget -= self._advance(sequence, budget, work)
        # One newcomer a step beside running streams: several short prompts at once would make them wait as a long one does.
        starts = 1 if work else self._max_running
        while budget > 0 and starts > 0 and self._admissible():
            starts -= 1
            sequence = self.waiting.popleft()
            self.running.append(sequence)
            budget -= self._advance(sequence, budget, work)
        return work

    def _admissible(self) -> bool:
        if not self.waiting or len(self.running) >= self._max_running:
            return False
        return self.pool.free >= blocks_for(len(self.waiting[0].ids) + 1) - len(self.waiting[0].blocks)

    def _advance(self, sequence: Sequence, budget: int, work: list[Work]) -> int:
        """Schedule as much of a prompt, or of ids to replay, as the budget takes; return the rows spent."""
        position, spent = sequence.computed, 0
        while position < len(sequence.ids):
            length = 1
            if position < sequence.prompt_tokens:
                length = min((position // BLOCK_TOKENS + 1) * BLOCK_TOKENS, sequence.prompt_tokens) - position
            if spent + length > budget or not self._reserve(sequence, position + length, work):
                break
            work.append(Work(sequence, position, length))
            position, spent = position + length, spent + length
        return spent

    def _reserve(self, sequence: Sequence, tokens: int, work: list[Work]) -> bool:
        """Hold blocks for `tokens` positions. Where none is free the youngest sequences are put back, this one at the last."""
        while len(sequence.blocks) < blocks_for(tokens):
            block = self.pool.take()
            if block is not None:
                sequence.blocks.append(block)
                continue
            youngest = self.running[-1]
            self._preempt(youngest)
            work[:] = [item for item in work if item.sequence is not youngest]
            if youngest is sequence:
                return False
        return True

    def _preempt(self, sequence: Sequence) -> None:
        """Put a running sequence back to the head of the queue; it is recomputed later, to the same bits."""
        self.running.remove(sequence)
        self._free(sequence)
        self.waiting.appendleft(sequence)
        self.preempted += 1

    def _free(self, sequence: Sequence) -> None:
        self.pool.give_back(sequence.blocks)
        sequence.blocks = []
        sequence.computed = 0
