"""A thousand requests of mixed length, a few of them given up: what is left of blocks, requests, descriptors and memory."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from bench.client import generate
from bench.context import Context
from bench.measures import quarters
from bench.memory import descriptors_of, resident_of
from bench.server import Server
from bench.shapes import Shape

_AT_ONCE = 16
_LONGEST_PROMPT = 160
_LONGEST_ANSWER = 24
# One in this many clients goes away in mid-stream.
_GIVEN_UP = 20


async def measure(context: Context, shape: Shape, quantizations: tuple[str, ...]) -> dict[str, Any]:
    """Idle figures before and after, and the engine's own memory at the end of every request (its second and last quarters)."""
    server = await context.engine(shape, quantizations[0])
    if server is None:
        return {"skipped": "the engine did not start"}
    # What the first requests allocate for good is no leak.
    await asyncio.gather(*(_request(context, server, number) for number in range(1, _AT_ONCE + 1)))
    before = await _at_rest(server)
    memory: list[float] = []
    todo = iter(range(1, context.options.requests + 1))

    async def client() -> None:
        for number in todo:
            await _request(context, server, number)
            memory.append(float(resident_of(server.engine_pid).get("own", 0)))
            if len(memory) % 100 == 0:
                context.say(f"  {len(memory)} requests, {memory[-1] / 2**20:.0f} MiB")

    await asyncio.gather(*(client() for _ in range(_AT_ONCE)))
    after = await _at_rest(server)
    second, last = quarters(memory)
    return {
        "quantization": quantizations[0],
        "requests": context.options.requests,
        "before": before,
        "after": after,
        "second_quarter_bytes": second,
        "last_quarter_bytes": last,
        "growth": last / second - 1 if second else None,
        "highest_bytes": max(memory),
    }


async def _request(context: Context, server: Server, number: int) -> None:
    prompt, answer = _log_uniform(context, _LONGEST_PROMPT), _log_uniform(context, _LONGEST_ANSWER)
    stream = generate(server.port, ids=context.prompt(prompt), tokens=answer, seed=number)
    if number % _GIVEN_UP == 0:
        await stream.reach(1)
        await stream.close()
    else:
        await stream.finish()


async def _at_rest(server: Server) -> dict[str, Any]:
    await server.idle()
    # Closed connections leave the event loop a moment after the last answer.
    await asyncio.sleep(1)
    health = await server.health_now()
    return {
        "blocks_used": health["cache"]["blocks_used"],
        "running": health["running"],
        "waiting": health["waiting"],
        "descriptors": descriptors_of(server.engine_pid),
        "own_bytes": resident_of(server.engine_pid).get("own"),
    }


def _log_uniform(context: Context, highest: int) -> int:
    return round(math.exp(context.random.uniform(0, math.log(highest))))
