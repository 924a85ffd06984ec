"""Runs the engine in process with streams that follow a JSON schema and streams that don't: what masks add to a step."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench.worker import serve
from bench.workers.step_share import Watched
from nanochat_engine.constraint import Constraint
from nanochat_engine.grammar.state import GrammarState
from nanochat_engine.request import GenerateRequest, SamplingParams, StepEvent

_PROMPT_TOKENS = 16
# Steps with every stream that are not counted.
_SETTLE = 3
_SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 60},
        "tasks": {
            "type": "array",
            "minItems": 3,
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "integer", "minimum": 1, "maximum": 99999},
                    "name": {"type": "string", "minLength": 8, "maxLength": 40},
                    "kind": {"enum": ["bug", "feature", "question", "chore"]},
                    "hours": {"type": ["number", "null"]},
                    "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]{2,12}$"}, "maxItems": 4},
                    "done": {"type": "boolean"},
                },
                "required": ["id", "name", "kind", "tags", "done"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["title", "tasks"],
    "additionalProperties": False,
}


class _Clocked(Watched):
    """With seconds of masks and of paths, a step each."""

    def __init__(self, model: Path) -> None:
        super().__init__(model)
        self.parts: list[tuple[float, float]] = []
        self._spent = {"mask": 0.0, "take": 0.0}
        for name in self._spent:
            setattr(GrammarState, name, self._clocked(name, getattr(GrammarState, name)))

    def publish(self, events: list[StepEvent]) -> None:
        self.parts.append((self._spent["mask"], self._spent["take"]))
        self._spent.update(mask=0.0, take=0.0)
        super().publish(events)

    def _clocked(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            begun = time.perf_counter()
            try:
                return method(*arguments)
            finally:
                self._spent[name] += time.perf_counter() - begun

        return timed


_clocked: dict[str, _Clocked] = {}


def compare(model: str, streams: int, steps: int, run: int) -> dict[str, float]:
    """Medians in milliseconds of decode steps of `streams`: free, constrained, and its masks and paths; the order changes by run."""
    if model not in _clocked:
        _clocked[model] = _Clocked(Path(model))
        _clocked[model].start()
    order = (True, False) if run % 2 else (False, True)
    sides = {constrained: _side(_clocked[model], constrained, streams, steps, run) for constrained in order}
    return {
        "free_ms": sides[False]["step"],
        "constrained_ms": sides[True]["step"],
        "mask_ms": sides[True]["mask"],
        "take_ms": sides[True]["take"],
        "steps": sides[True]["steps"],
    }


def _side(watched: _Clocked, constrained: bool, streams: int, steps: int, run: int) -> dict[str, float]:
    info = watched.engine.snapshot().model
    if info is None:
        raise RuntimeError("the engine is ready and has no model")
    chance = random.Random(run)
    constraint = Constraint("json_schema", json.dumps(_SCHEMA)) if constrained else None
    requests = []
    for number in range(streams):
        prompt = tuple(chance.randrange(300, info.vocab_size - 16) for _ in range(_PROMPT_TOKENS))
        params = SamplingParams(
            seed=chance.randrange(1 << 30),
            temperature=1.0,
            top_k=50,
            max_tokens=max(400, streams + steps + _SETTLE) if constrained else streams + steps + _SETTLE,
            ignore_eos=not constrained,
        )
        requests.append(
            GenerateRequest(f"{run}-{constrained}-{number}", prompt, params, calculator=False, constraint=constraint)
        )
    watched.parts = []
    taken = watched.run(requests)
    whole = [
        (step, mask, take)
        for (step, _, tokens), (mask, take) in zip(taken, watched.parts, strict=False)
        if tokens == streams
    ][_SETTLE:]
    if len(whole) < steps // 2:
        raise RuntimeError(f"only {len(whole)} steps had {streams} streams")
    step, mask, take = (median(values) * 1e3 for values in zip(*whole[:steps], strict=True))
    return {"step": step, "mask": mask, "take": take, "steps": len(whole[:steps])}


if __name__ == "__main__":
    serve({"compare": compare})
