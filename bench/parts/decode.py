"""Decode: tokens a second with 32 streams down to 1, the engine's quantizations and the peers in turns (A B A B).

One ladder starts all streams, measures, closes down to the next count, measures again: so a run costs one ramp. Only tokens
between two moments count at which every stream of the rung was running.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bench.client import Stream, generate
from bench.context import Context
from bench.measures import rate, summary
from bench.memory import watching
from bench.server import Server
from bench.shapes import Shape
from bench.worker import Worker, WorkerFailed

PROMPT_TOKENS = 16
# Steps after a change of the number of streams that are not counted.
SETTLE = 2
_TOKENS = 1900
# Steps of a rung at most: fast models have enough of them, and the cache has room for every stream.
_MOST_STEPS = 96
PEER_STREAMS = (1, 8, 16)


async def measure(context: Context, shape: Shape, quantizations: tuple[str, ...]) -> dict[str, Any]:
    """Tokens a second by contender and number of streams; memory and the client's share of the processor beside it."""
    options = context.options
    servers = await context.engines("decode", shape, quantizations)
    peers = await _peers(context, shape)
    figures: dict[str, dict[int, list[float]]] = {}
    memory: dict[str, dict[str, int]] = {}
    client: list[float] = []
    for run in range(max((options.runs_of("decode", shape, name) for name in quantizations), default=0)):
        for name, server in servers.items():
            begun, used = time.perf_counter(), time.process_time()
            async with watching(server.engine_pid) as peak:
                rungs = await ladder(context, server, options.streams)
            client.append((time.process_time() - used) / (time.perf_counter() - begun))
            memory[name] = {kind: max(size, memory.get(name, {}).get(kind, 0)) for kind, size in peak.highest.items()}
            _enter(figures, name, rungs)
            context.say(f"  run {run + 1} {name}: " + _words(rungs))
        for name, (peer, more) in peers.items():
            rungs = await _peer_run(context, name, peer, more)
            _enter(figures, name, rungs)
            context.say(f"  run {run + 1} {name}: " + _words(rungs))
    return {
        "tokens_per_second": {name: {str(n): summary(v) for n, v in rungs.items()} for name, rungs in figures.items()},
        "engines": {name: context.about_engine(server, shape, name) for name, server in servers.items()},
        "peers": {name: await peer.ask("about") for name, (peer, _) in peers.items()},
        "memory": memory,
        "client_share_of_a_processor": max(client, default=None),
        "prompt_tokens": PROMPT_TOKENS,
    }


async def ladder(context: Context, server: Server, counts: tuple[int, ...]) -> dict[int, float]:
    """Tokens a second at each count of streams, the highest first."""
    streams = [
        generate(server.port, ids=context.prompt(PROMPT_TOKENS), tokens=_TOKENS, seed=i) for i in range(counts[0])
    ]
    rungs = {}
    try:
        await asyncio.gather(*(stream.reach(1) for stream in streams))
        for count in counts:
            await asyncio.gather(*(stream.close() for stream in streams[count:]))
            streams = streams[:count]
            rungs[count] = await _rung(context, streams)
    finally:
        await asyncio.gather(*(stream.close() for stream in streams))
    await server.idle()
    return rungs


async def _rung(context: Context, streams: list[Stream]) -> float:
    """Tokens a second over at least min_tokens steps and min_seconds."""
    firsts = [len(stream.arrivals) + SETTLE for stream in streams]
    await asyncio.gather(*(stream.reach(first) for stream, first in zip(streams, firsts, strict=True)))
    begin = max(stream.arrivals[first - 1] for stream, first in zip(streams, firsts, strict=True))
    more = context.options.min_tokens
    while True:
        await asyncio.gather(*(stream.reach(first + more) for stream, first in zip(streams, firsts, strict=True)))
        end = min(stream.arrivals[first + more - 1] for stream, first in zip(streams, firsts, strict=True))
        if end - begin >= context.options.min_seconds or more >= _MOST_STEPS:
            return rate([stream.arrivals for stream in streams], begin, end)
        more += 4


async def _peers(context: Context, shape: Shape) -> dict[str, tuple[Worker, dict[str, str]]]:
    """Peers by name with what else their `decode` takes. They compute G0 alone, transformers' NanoChat, or are as large."""
    if shape.generation != "G0":
        return {}
    found: dict[str, tuple[Worker, dict[str, str]]] = {}
    transformers = await context.peer("transformers", "bench.workers.transformers_peer", shape)
    if transformers is not None:
        found["transformers"] = (transformers, {})
    llama = await context.peer("llama.cpp", "bench.workers.llama_peer", shape)
    if llama is not None:
        found |= {f"llama.cpp {kind}": (llama, {"kind": kind}) for kind in (await llama.ask("about"))["kinds"]}
    return found


async def _peer_run(context: Context, name: str, peer: Worker, more: dict[str, str]) -> dict[int, float]:
    options, rungs = context.options, {}
    least = {"min_tokens": options.min_tokens, "min_seconds": options.min_seconds}
    for streams in sorted(set(PEER_STREAMS) & set(options.streams), reverse=True):
        try:
            rungs[streams] = await peer.ask("decode", streams=streams, prompt=PROMPT_TOKENS, **least, **more)
        except WorkerFailed as error:
            context.say(f"  {name} with {streams} streams: {error}")
    return rungs


def _enter(figures: dict[str, dict[int, list[float]]], name: str, rungs: dict[int, float]) -> None:
    for count, value in rungs.items():
        figures.setdefault(name, {}).setdefault(count, []).append(value)


def _words(rungs: dict[int, float]) -> str:
    return ", ".join(f"{count} streams {value:.1f}/s" for count, value in sorted(rungs.items()))
