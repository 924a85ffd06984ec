"""What BATCH_INVARIANT=on costs: decode with it on and off, in turns."""

from __future__ import annotations

from typing import Any

from bench.context import Context
from bench.measures import summary
from bench.parts.decode import ladder
from bench.shapes import Shape

_STREAMS = (16, 8, 1)


async def measure(context: Context, shape: Shape, quantizations: tuple[str, ...]) -> dict[str, Any]:
    """Tokens a second by quantization, mode and number of streams."""
    streams = tuple(count for count in _STREAMS if count <= context.options.streams[0])
    told: dict[str, Any] = {}
    for quantization in quantizations:
        await context.stop_servers(keep_engines_of=shape)
        modes = {mode: await context.engine(shape, quantization, mode) for mode in ("on", "off")}
        figures: dict[str, dict[int, list[float]]] = {}
        for _ in range(min(3, context.options.runs_of("invariance", shape, quantization))):
            for mode, server in modes.items():
                if server is not None:
                    for count, value in (await ladder(context, server, streams)).items():
                        figures.setdefault(mode, {}).setdefault(count, []).append(value)
        for mode, rungs in figures.items():
            context.say(f"  {quantization} {mode}: " + ", ".join(f"{n}: {max(v):.1f}/s" for n, v in rungs.items()))
        told[quantization] = {mode: {str(n): summary(v) for n, v in rungs.items()} for mode, rungs in figures.items()}
    await context.stop_servers(keep_engines_of=shape)
    return {"tokens_per_second": {name: modes for name, modes in told.items() if modes}}
