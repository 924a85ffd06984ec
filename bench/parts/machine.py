"""What the machine gives: read bandwidth, matrix rate, torch's bare kernels on the products of one step: workers/machine_rates.py."""

from __future__ import annotations

import sys
from typing import Any

from bench.context import Context
from bench.shapes import Shape
from bench.worker import WorkerFailed

ROWS = (1, 8, 16)
KINDS = ("float32", "bfloat16", "int8", "int4")


async def measure(context: Context, shape: Shape, quantizations: tuple[str, ...]) -> dict[str, Any]:
    """Bytes and operations a second, and tokens a second of each bare kernel by its rows."""
    worker = await context.worker("bench.workers.machine_rates", sys.executable, "machine")
    told: dict[str, Any] = {"kernels": {}}
    try:
        told |= await worker.ask("rates", scratch=str(context.options.cache))
        context.say(
            f"  {told['bandwidth_bytes_per_second'] / 1e9:.1f} GB/s, {told['matrix_rate']['float32'] / 1e9:.0f} GFLOP/s"
        )
        for kind in KINDS:
            try:
                products = {"layers": shape.layers, "products": shape.products, "head": (shape.vocab, shape.width)}
                told["kernels"][kind] = await worker.ask("kernel", kind=kind, rows=ROWS, **products)
                context.say(f"  {kind}: {told['kernels'][kind]}")
            except WorkerFailed as error:
                told["kernels"][kind] = {"skipped": str(error)}
                context.say(f"  {kind}: {error}")
    finally:
        await worker.stop()
    return told
