"""Steps on made-up prompts before the first client's, so that every kind of step has been taken and timed once."""

from __future__ import annotations

import time

from nanochat_engine.cache.blocks import BLOCK_TOKENS, BlockPool
from nanochat_engine.request import GenerateRequest, SamplingParams
from nanochat_engine.runner import Runner
from nanochat_engine.scheduler import Scheduler
from nanochat_engine.sequence import Sequence
from nanochat_engine.step import take_step
from nanochat_engine.tokenizer.tokenizer import Tokenizer


class WarmUp:
    """Runs the real scheduler and runner, with a cache that nobody else uses yet. context: the model's, in tokens."""

    def __init__(self, runner: Runner, tokenizer: Tokenizer, blocks: int, context: int) -> None:
        self._runner = runner
        self._tokenizer = tokenizer
        self._blocks = blocks
        self._context = context

    def run(self, sequences: int, step_tokens: int) -> float:
        """A step of prompts alone, prompts beside decoding, a full batch decoding; return the longest step in seconds."""
        long_prompt = min(step_tokens + BLOCK_TOKENS + 1, self._context - 4)
        return max(max(self._steps([long_prompt, 8], 2)), max(self._steps([4] * sequences, 3)))

    def cost(self, quantum: int) -> float:
        """How many times longer a lone stream's decode step takes at this quantum, by the best of interleaved runs."""
        before = self._runner.quantum
        times: dict[int, list[float]] = {before: [], quantum: []}
        for _ in range(3):
            for candidate, taken in times.items():
                self._runner.quantum = candidate
                taken += self._steps([4], 8)[2:]
        self._runner.quantum = before
        return min(times[quantum]) / min(times[before])

    def _steps(self, prompts: list[int], tokens: int) -> list[float]:
        scheduler = Scheduler(
            BlockPool(self._blocks), max_running=len(prompts), max_waiting=len(prompts), step_tokens=512
        )
        params = SamplingParams(seed=0, max_tokens=tokens, ignore_eos=True)
        for number, length in enumerate(prompts):
            request = GenerateRequest(str(number), (self._tokenizer.bos_id,) * length, params, calculator=False)
            scheduler.add([Sequence(request, 0, tokens, self._tokenizer)])
        taken: list[float] = []
        while not scheduler.idle:
            started = time.perf_counter()
            take_step(scheduler, self._runner)
            taken.append(time.perf_counter() - started)
        return taken
