"""What a JSON schema adds to a decode step of 8 streams, beside the same without: workers/constraint_share.py."""

from __future__ import annotations

import sys
from statistics import median
from typing import Any

from bench.context import Context
from bench.shapes import Shape
from bench.worker import WorkerFailed

_STREAMS = 8
_STEPS = 60


async def measure(context: Context, shape: Shape, quantizations: tuple[str, ...]) -> dict[str, Any]:
    """Medians of the runs by quantization, in milliseconds, and what is added to a step; the first quantization alone."""
    options, told = context.options, {}
    model = await context.make(shape)
    for quantization in quantizations[:1]:
        kept = str(options.cache / "kept")
        settings = {"QUANTIZATION": quantization, "DTYPE": options.dtype, "NANOCHAT_DIR": kept, "DEVICE": "cpu"}
        worker = await context.worker(
            "bench.workers.constraint_share", sys.executable, f"constraint-{shape.name}-{quantization}", **settings
        )
        try:
            runs = [
                await worker.ask("compare", model=str(model), streams=_STREAMS, steps=_STEPS, run=run)
                for run in range(options.runs_of("constraint", shape, quantization))
            ]
        except WorkerFailed as error:
            context.say(f"  {quantization}: {error}")
            continue
        finally:
            await worker.stop()
        one = {key: median(run[key] for run in runs) for key in runs[0]}
        one["added_share"] = median(run["constrained_ms"] / run["free_ms"] - 1 for run in runs)
        one["mask_share"] = median(run["mask_ms"] / run["constrained_ms"] for run in runs)
        told[quantization] = {**one, "streams": _STREAMS, "runs": runs}
        context.say(
            f"  {quantization} {_STREAMS} streams: {one['free_ms']:.1f} ms free, {one['constrained_ms']:.1f} ms with a schema"
            f" ({one['added_share']:+.1%}; masks {one['mask_ms']:.2f} ms, paths {one['take_ms']:.2f} ms)"
        )
    return {"constrained": told}
