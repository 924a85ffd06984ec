"""The share of a step that is not the model's forward pass, at 1 and at 16 streams: workers/step_share.py."""

from __future__ import annotations

import sys
from typing import Any

from bench.context import Context
from bench.shapes import Shape
from bench.worker import WorkerFailed

_STREAMS = (1, 16)


async def measure(context: Context, shape: Shape, quantizations: tuple[str, ...]) -> dict[str, Any]:
    """Milliseconds of a step and of its forward pass, by quantization and streams."""
    options, told = context.options, {}
    model = await context.make(shape)
    for quantization in quantizations:
        if f"{shape.name} {quantization} engine" in context.skipped:
            continue
        kept = str(options.cache / "kept")
        settings = {"QUANTIZATION": quantization, "DTYPE": options.dtype, "NANOCHAT_DIR": kept, "DEVICE": "cpu"}
        worker = await context.worker(
            "bench.workers.step_share", sys.executable, f"step-{shape.name}-{quantization}", **settings
        )
        try:
            told[quantization] = {
                str(count): await worker.ask(
                    "share", model=str(model), streams=count, steps=max(20, options.min_tokens)
                )
                for count in _STREAMS
            }
        except WorkerFailed as error:
            context.say(f"  {quantization}: {error}")
            continue
        finally:
            await worker.stop()
        for count, figures in told[quantization].items():
            context.say(
                f"  {quantization} {count} streams: {figures['outside_share']:.1%} of {figures['step_ms']:.1f} ms"
            )
    return {"shares": told}
