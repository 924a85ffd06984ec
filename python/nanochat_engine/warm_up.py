"""Steps on made-up prompts before the first client's, so that every kind of step has been taken and timed once.

A large model's steps are short ones: its start would take longer than its first requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from nanochat_engine.cache.blocks import BLOCK_TOKENS
from nanochat_engine.cache.manager import BlockManager, CacheSize
from nanochat_engine.errors import CheckpointCorrupt
from nanochat_engine.request import GenerateRequest, SamplingParams
from nanochat_engine.runner import Runner
from nanochat_engine.scheduler import Scheduler
from nanochat_engine.sequence import Sequence
from nanochat_engine.step import take_step
from nanochat_engine.tokenizer.tokenizer import Tokenizer

# Products of the longest made-up prompt: seconds on two cores.
_PROMPT_PRODUCTS = 50_000_000_000
# After this long a comparison has seen enough.
_COST_SECONDS = 1.0


class WarmUp:
    """Runs the real scheduler and runner, with a cache that nobody else uses yet.

    context: the model's, in tokens. parameters: its size, by which the steps are measured out.
    """

    def __init__(self, runner: Runner, tokenizer: Tokenizer, cache: CacheSize, context: int, parameters: int) -> None:
        self._runner = runner
        self._tokenizer = tokenizer
        self._cache = cache
        self._context = context
        self._affordable = max(BLOCK_TOKENS + 1, _PROMPT_PRODUCTS // max(1, parameters))

    def run(self, sequences: int, step_tokens: int) -> float:
        """A step of prompts alone, prompts beside decoding, a full batch decoding; return the longest step in seconds."""
        long_prompt = min(step_tokens + BLOCK_TOKENS + 1, self._affordable)
        prompts = self._steps([long_prompt, 8], 2, step_tokens)
        return max(*prompts, *self._steps([4] * sequences, 3, step_tokens))

    def brief(self) -> float:
        """Two steps, for a start where all has been measured before; return the longer one in seconds."""
        return max(self._steps([4], 2, BLOCK_TOKENS))

    def cost(self, quantum: int) -> float:
        """How many times longer a lone stream's decode step takes at this quantum, by the best of interleaved runs.

        Times are the processor's, not the clock's: what else runs on the machine must not decide.
        """
        before = self._runner.quantum
        times: dict[int, list[float]] = {before: [], quantum: []}
        started = time.perf_counter()
        for _ in range(3):
            for candidate, taken in times.items():
                self._runner.quantum = candidate
                taken += self._steps([4], 5, BLOCK_TOKENS, time.process_time)[2:]
            if time.perf_counter() - started > _COST_SECONDS:
                break
        self._runner.quantum = before
        return min(times[quantum]) / min(times[before])

    def _steps(
        self, prompts: list[int], tokens: int, step_tokens: int, clock: Callable[[], float] = time.perf_counter
    ) -> list[float]:
        """Seconds of each step until every prompt, cut to what context and cache hold, has had its tokens.

        Raises CheckpointCorrupt where the model gives no numbers.
        """
        room = min(self._context, self._cache.blocks * BLOCK_TOKENS) - tokens
        scheduler = Scheduler(
            # The prompts are alike, and what is measured has to be computed.
            BlockManager(self._cache, reuse=False),
            max_running=len(prompts),
            max_waiting=len(prompts),
            step_tokens=step_tokens,
        )
        params = SamplingParams(seed=0, max_tokens=tokens, ignore_eos=True)
        for number, length in enumerate(prompts):
            prompt = (self._tokenizer.bos_id,) * max(1, min(length, room))
            request = GenerateRequest(str(number), prompt, params, calculator=False)
            scheduler.add([Sequence(request, 0, tokens, self._tokenizer)])
        taken: list[float] = []
        while not scheduler.idle:
            started = clock()
            if take_step(scheduler, self._runner).broken:
                raise CheckpointCorrupt("The model gives no numbers (NaN): its weights are damaged.")
            taken.append(clock() - started)
        return taken
