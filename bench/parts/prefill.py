"""Prefill of 128, 512 and 1,500 tokens on an idle engine, and the time to the first token once the longest is in the cache."""

from __future__ import annotations

from typing import Any

from bench.client import Stream, generate
from bench.context import Context
from bench.measures import summary
from bench.server import Server
from bench.shapes import Shape
from bench.worker import WorkerFailed

# What follows a prefix that the cache holds: another question to the same long text.
SUFFIX_TOKENS = 16
PEER_PROMPT = 512


async def measure(context: Context, shape: Shape, quantizations: tuple[str, ...]) -> dict[str, Any]:
    """Tokens a second by contender and length; seconds to the first token cold and with the prefix cached."""
    options = context.options
    servers = await context.engines("prefill", shape, quantizations)
    runs = {name: options.runs_of("prefill", shape, name) for name in quantizations}
    peer = (
        await context.peer("transformers", "bench.workers.transformers_peer", shape)
        if shape.generation == "G0"
        else None
    )
    figures: dict[str, dict[int, list[float]]] = {}
    first: dict[str, dict[str, list[float]]] = {}
    for run in range(max(runs.values())):
        for name, server in servers.items():
            if run >= runs[name]:
                continue
            cold, warm, cached = await _run(context, server, figures.setdefault(name, {}))
            told = first.setdefault(name, {"cold": [], "cached_prefix": [], "cached_tokens": []})
            for key, value in (("cold", cold), ("cached_prefix", warm), ("cached_tokens", cached)):
                told[key].append(value)
            rates = ", ".join(f"{length} at {values[-1]:.0f}/s" for length, values in figures[name].items())
            context.say(f"  run {run + 1} {name}: {rates}; again with its prefix {warm:.3f} s ({cached:.0f} cached)")
        if peer is not None:
            try:
                figures.setdefault("transformers", {}).setdefault(PEER_PROMPT, []).append(
                    await peer.ask("prefill", length=PEER_PROMPT)
                )
            except WorkerFailed as error:
                context.say(f"  transformers: {error}")
    return {
        "tokens_per_second": {
            name: {str(n): summary(v) for n, v in lengths.items() if v} for name, lengths in figures.items()
        },
        "first_token_seconds": {name: {key: summary(v) for key, v in told.items()} for name, told in first.items()},
        "engines": {name: context.about_engine(server, shape, name) for name, server in servers.items()},
    }


async def _run(context: Context, server: Server, figures: dict[int, list[float]]) -> tuple[float, float, float]:
    """Enter a rate for each length; seconds to the first token of the longest cold, then as a prefix, and tokens found in the cache."""
    prompt: list[int] = []
    cold = 0.0
    for length in context.options.prompts:
        prompt = context.prompt(length)
        cold = (await _one(server, prompt)).first_token_seconds
        figures.setdefault(length, []).append(length / cold)
    again = await _one(server, prompt + context.prompt(SUFFIX_TOKENS))
    return cold, again.first_token_seconds, float(again.usage.get("cached_tokens", 0))


async def _one(server: Server, ids: list[int]) -> Stream:
    stream = generate(server.port, ids=ids, tokens=1)
    await stream.finish()
    return stream
