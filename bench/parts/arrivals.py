"""A long prompt arrives beside four running streams: how long they wait between tokens meanwhile, and how fast it is computed."""

from __future__ import annotations

import asyncio
from typing import Any

from bench.client import generate
from bench.context import Context
from bench.measures import Interval, interval_figures, intervals, quantile, split_by
from bench.server import Server
from bench.shapes import Shape

STREAMS = 4
PROMPT_TOKENS = 1500
# Intervals of each stream before the arrival and after its first token, as a measure of the usual.
_AROUND = 10


async def measure(context: Context, shape: Shape, quantizations: tuple[str, ...]) -> dict[str, Any]:
    """By quantization: seconds between tokens inside and outside the prefill windows, and the newcomer's rate against its rate alone."""
    servers = await context.engines("arrivals", shape, quantizations)
    runs = {name: context.options.runs_of("arrivals", shape, name) for name in quantizations}
    found: dict[str, tuple[list[float], list[float], list[float], list[float]]] = {
        name: ([], [], [], []) for name in servers
    }
    for number in range(max(runs.values())):
        for name, server in servers.items():
            if number >= runs[name]:
                continue
            inside, outside, beside, alone = found[name]
            window, spans = await _arrival(context, server)
            beside.append(PROMPT_TOKENS / (window[1] - window[0]))
            for stream in spans:
                meets, rest = split_by(stream, window)
                inside += meets
                outside += rest
            if number % 3 == 0:
                lone = generate(server.port, ids=context.prompt(PROMPT_TOKENS), tokens=1)
                await lone.finish()
                alone.append(PROMPT_TOKENS / lone.first_token_seconds)
            context.say(
                f"  arrival {number + 1} {name}: usual {quantile(outside, 0.5) * 1e3:.0f} ms,"
                f" longest inside {max(inside) * 1e3:.0f} ms, {beside[-1]:.0f} tokens/s"
            )
    return {
        "intervals_seconds": {
            name: interval_figures(inside, outside) for name, (inside, outside, _, _) in found.items()
        },
        "newcomer_tokens_per_second": {
            name: {"beside": quantile(b, 0.5), "alone": quantile(a, 0.5), "share": quantile(b, 0.5) / quantile(a, 0.5)}
            for name, (_, _, b, a) in found.items()
        },
        "engines": {name: context.about_engine(server, shape, name) for name, server in servers.items()},
        "streams": STREAMS,
        "prompt_tokens": PROMPT_TOKENS,
        "arrivals": {name: runs[name] for name in servers},
    }


async def _arrival(context: Context, server: Server) -> tuple[Interval, list[list[Interval]]]:
    """One arrival beside fresh streams: its window from request to first token, and each stream's intervals once all run."""
    streams = [generate(server.port, ids=context.prompt(16), tokens=1900, seed=i) for i in range(STREAMS)]
    try:
        await asyncio.gather(*(stream.reach(1) for stream in streams))
        # A newcomer's chunks still share the step after the others' first tokens: those are not the usual.
        begins = [len(stream.arrivals) + 2 for stream in streams]
        await asyncio.gather(*(stream.reach(b + _AROUND) for stream, b in zip(streams, begins, strict=True)))
        newcomer = generate(server.port, ids=context.prompt(PROMPT_TOKENS), tokens=1)
        await newcomer.finish()
        counts = [len(stream.arrivals) for stream in streams]
        await asyncio.gather(*(stream.reach(count + _AROUND) for stream, count in zip(streams, counts, strict=True)))
        window = (newcomer.sent, newcomer.arrivals[0])
        spans = [intervals(stream.arrivals[b - 1 :]) for stream, b in zip(streams, begins, strict=True)]
    finally:
        await asyncio.gather(*(stream.close() for stream in streams))
    await server.idle()
    return window, spans
