"""The engine straight and through the gateway: the same requests to both, in pairs."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bench.client import chat_completion, generate
from bench.context import Context
from bench.measures import summary
from bench.server import Server
from bench.shapes import Shape

_STREAMS = (16, 1)
_TOKENS = 32
_LETTERS = 24


async def measure(context: Context, shape: Shape, quantizations: tuple[str, ...]) -> dict[str, Any]:
    """Tokens a second over whole bursts of requests, from the first request to the last end, by quantization and streams."""
    streams = tuple(count for count in _STREAMS if count <= context.options.streams[0])
    told: dict[str, Any] = {}
    for quantization in quantizations:
        runs = context.options.runs_of("gateway", shape, quantization)
        straight = await context.engine(shape, quantization) if runs else None
        through = await context.engine(shape, quantization, through="gateway") if straight else None
        if straight is None or through is None:
            continue
        differing = [
            name for name in ("kernel", "dtype", "batch_invariant") if straight.health[name] != through.health[name]
        ]
        if differing:
            said = ", ".join(f"{name} {straight.health[name]} and {through.health[name]}" for name in differing)
            context.skip(f"{shape.name} {quantization} gateway", f"the two engines differ: {said}")
            continue
        figures: dict[int, dict[str, list[float]]] = {count: {"engine": [], "gateway": []} for count in streams}
        for run in range(runs):
            for count in streams:
                chats = [context.words(_LETTERS) for _ in range(count)]
                # Each goes first in turn, so that neither always has the quieter half.
                for name in ("engine", "gateway") if run % 2 == 0 else ("gateway", "engine"):
                    server = straight if name == "engine" else through
                    figures[count][name].append(await _burst(server, chats))
        told[quantization] = {str(count): _compared(pair) for count, pair in figures.items()}
        context.say(
            f"  {quantization}: " + ", ".join(f"{n} lose {v['loss']:.1%}" for n, v in told[quantization].items())
        )
        await context.stop_servers(keep_engines_of=shape)
    return {"bursts": told, "tokens": _TOKENS}


async def _burst(server: Server, chats: list[str]) -> float:
    """Tokens a second of requests that are sent together; each side tells how many tokens there were."""
    ask = generate if server.port == server.engine_port else chat_completion
    begun = time.perf_counter()
    streams = [ask(server.port, chat=chat, tokens=_TOKENS, seed=i) for i, chat in enumerate(chats)]
    await asyncio.gather(*(stream.finish() for stream in streams))
    ended = time.perf_counter()
    await server.idle()
    return sum(int(stream.usage["completion_tokens"]) for stream in streams) / (ended - begun)


def _compared(pair: dict[str, list[float]]) -> dict[str, Any]:
    """Both rates, and the median over pairs of what the gateway loses of the engine's, as a share."""
    losses = [1 - through / straight for straight, through in zip(pair["engine"], pair["gateway"], strict=True)]
    each = summary(losses)
    return {
        "engine": summary(pair["engine"]),
        "gateway": summary(pair["gateway"]),
        "losses": each,
        "loss": each["median"],
    }
