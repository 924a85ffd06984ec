"""How long a run will take, said in advance, from a guess at a step of this machine: a step reads the weights, a prompt multiplies."""

from __future__ import annotations

from dataclasses import dataclass

from bench.options import Options
from bench.shapes import Shape, step_bytes, step_operations

# What of its bandwidth and matrix rate a step and a prompt are taken to reach.
_STEP_SHARE = 0.5
_PROMPT_SHARE = 0.67
_LEAST_STEP = 0.004
_PEER_STREAMS = (1, 8, 16)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds of parts for one model on a machine of that bandwidth (bytes/s) and matrix rate (operations/s)."""

    options: Options
    shape: Shape
    dtype: str
    bandwidth: float
    matrix_rate: float

    def seconds(self, part: str, kinds: tuple[str, ...]) -> float:
        """Steps and prompts of a part counted, times what one takes. kinds: the quantizations."""
        o = self.options
        runs = {kind: o.runs_of(part, self.shape, kind) for kind in kinds}
        most = max(runs.values())
        arrival = 2.3 * self.prompt(1500) + 30 * self.step("none", 4)
        known = {
            "machine": 60.0,
            "decode": sum(runs[kind] * self.ladder(kind, o.streams) for kind in kinds) + most * self.peers(),
            "prefill": sum(runs.values()) * self.prompt(sum(o.prompts) + 32) + most * self.prompt(512),
            "arrivals": sum(runs.values()) * arrival,
            "invariance": sum(min(3, runs[kind]) * 2 * self.ladder(kind, (16, 8, 1)) for kind in kinds),
            "gateway": sum(runs[kind] * 2 * (48 * self.step(kind, 16) + 34 * self.step(kind, 1)) for kind in kinds),
            "step": len(kinds) * 60 * self.step("none", 16),
            "constraint": runs[kinds[0]] * 2 * 110 * self.step(kinds[0], 8),
            "quality": 15.0 * (len(kinds) + 1),
            "soak": o.requests * (self.prompt(32) + 7 / 16 * self.step(kinds[0], 16)),
        }
        return known[part]

    def step(self, kind: str, rows: int) -> float:
        """A decode step: its weights read, or its rows multiplied where that takes longer."""
        reading = step_bytes(self.shape, kind, self.dtype) / self.bandwidth
        computing = rows * 2.0 * self.shape.matrix_weights / self.matrix_rate
        return max(reading, computing, _LEAST_STEP) / _STEP_SHARE

    def prompt(self, tokens: int) -> float:
        return step_operations(self.shape, tokens) / self.matrix_rate / _PROMPT_SHARE

    def ladder(self, kind: str, counts: tuple[int, ...]) -> float:
        """The ramp takes a step and a small prompt a stream; each rung its steps or its seconds."""
        ramp = counts[0] * (self.step(kind, counts[0] // 2 + 1) + self.prompt(16))
        return ramp + sum(
            max(self.options.min_seconds, (self.options.min_tokens + 3) * self.step(kind, n)) for n in counts
        )

    def peers(self) -> float:
        if self.shape.generation != "G0":
            return 0.0
        each = sum(max(2.0, (self.options.min_tokens + 3) * self.step("none", n)) for n in _PEER_STREAMS)
        # llama.cpp has three formats.
        return sum(3 if peer == "llama.cpp" else 1 for peer in self.options.peers) * each
