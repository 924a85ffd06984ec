"""Schemas and expressions made to hurt: each is refused soon, while four streams beside it go on as before."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import time
import urllib.parse
from pathlib import Path
from typing import Any

from checks import REAL_URL, told

HOSTILE = json.loads((Path(__file__).parents[3] / "python" / "tests" / "grammar" / "hostile.json").read_text())
ADDRESS = urllib.parse.urlparse(REAL_URL)
# What the gateway refuses before the engine sees it.
BY_THE_GATEWAY = "a double can hold|nested deeper than|nested at most|well-formed Unicode"
REFUSED_SECONDS = 2.0
LONGEST_GAP = 0.5
MEDIAN_RATIO = 1.5
ALONE_SECONDS = 6.0
STREAMS = 4


def chat(**more: Any) -> dict[str, Any]:
    return {"model": "nanochat", "messages": [{"role": "user", "content": "Tell me a story."}], **more}


def body_of(constraint: dict[str, Any]) -> dict[str, Any]:
    """The request that brings a constraint of the engine in by the gateway's own field."""
    ((kind, value),) = constraint.items()
    if kind == "json_schema":
        return chat(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": value}})
    return chat(structured_outputs={{"lark": "grammar"}.get(kind, kind): value})


async def post(body: dict[str, Any]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    payload = json.dumps(body).encode()
    reader, writer = await asyncio.open_connection(ADDRESS.hostname, ADDRESS.port, limit=2**22)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {ADDRESS.netloc}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(payload)}\r\nConnection: close\r\n\r\n".encode() + payload)
    await writer.drain()
    return reader, writer


class Streams:
    """Streams that are begun again whenever one ends; the time between two tokens of one is kept."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self.broken: list[str] = []
        self._seed = 0

    async def go_on(self) -> None:
        while True:
            self._seed += 1
            body = chat(stream=True, ignore_eos=True, max_tokens=1500, temperature=1, seed=self._seed)
            reader, writer = await post(body)
            last = None
            try:
                async for line in reader:
                    if not line.startswith(b"data: {"):
                        continue
                    if b'"error"' in line:
                        self.broken.append(line.decode()[:200])
                    now = time.monotonic()
                    if last is not None:
                        self.gaps.append(now - last)
                    last = now
            finally:
                writer.close()

    def take(self) -> list[float]:
        """The gaps since the last call."""
        taken, self.gaps = self.gaps, []
        return taken


async def answer(body: dict[str, Any]) -> tuple[int, float, str]:
    """(status, seconds, body)."""
    begun = time.monotonic()
    reader, writer = await post(body)
    try:
        text = (await asyncio.wait_for(reader.read(), 60)).decode(errors="replace")
    except TimeoutError:
        return 0, 60.0, "no answer within 60 s"
    finally:
        writer.close()
    head, _, rest = text.partition("\r\n\r\n")
    return int(head.split(" ", 2)[1]), time.monotonic() - begun, rest


async def main() -> None:
    streams = Streams()
    tasks = [asyncio.create_task(streams.go_on()) for _ in range(STREAMS)]
    await asyncio.sleep(2)  # the first prompts are through
    streams.take()
    await asyncio.sleep(ALONE_SECONDS)
    alone = streams.take()
    wrong, slow, slowest, beside = [], [], (0.0, ""), []
    for name, constraint in HOSTILE["refused"].items():
        status, seconds, text = await answer(body_of(constraint))
        gaps = streams.take()
        beside += gaps
        print(f"{status} {seconds:6.3f} s, longest gap {max(gaps, default=0):.3f} s: {name}: {text[-200:]!r}")
        slowest = max(slowest, (seconds, name))
        why = f"{HOSTILE['why'][name]}|{BY_THE_GATEWAY}"
        if status != 400 or not re.search(why, text):
            wrong.append(f"{name}: {status} {text[:300]}")
        if seconds > REFUSED_SECONDS:
            slow.append(f"{name}: {seconds:.1f} s")
    count = len(HOSTILE["refused"])
    told(f"{count} hostile constraints are refused with 400 and the reason", not wrong, "; ".join(wrong))
    told(
        f"each within {REFUSED_SECONDS:.0f} s",
        not slow,
        "; ".join(slow),
        f"slowest refusal {slowest[0]:.2f} s ({slowest[1]})",
    )
    # Only these count for the median: what is served below is a fifth stream beside the four.
    median = statistics.median(beside)
    odd = []
    for name, constraint in HOSTILE["served"].items():
        status, seconds, text = await answer(body_of(constraint) | {"max_tokens": 64})
        gaps = streams.take()
        beside += gaps
        print(f"{status} {seconds:6.3f} s, longest gap {max(gaps, default=0):.3f} s: {name}: {text[-200:]!r}")
        if status not in (200, 400):
            odd.append(f"{name}: {status}")
    told(f"{len(HOSTILE['served'])} heavy ones are answered or refused", not odd, "; ".join(odd))
    await asyncio.sleep(1)
    streams.take()
    await asyncio.sleep(ALONE_SECONDS)
    alone += streams.take()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    longest = max(beside)
    medians = median, statistics.median(alone)
    ratio = medians[0] / medians[1]
    told("no stream beside them breaks", not streams.broken, "; ".join(streams.broken[:3]))
    told(
        f"{STREAMS} streams beside them have no gap over {LONGEST_GAP * 1000:.0f} ms",
        longest <= LONGEST_GAP,
        f"the longest is {longest * 1000:.0f} ms",
        f"longest gap of a stream {longest * 1000:.0f} ms (alone {max(alone) * 1000:.0f} ms)",
    )
    told(
        f"and a median within {MEDIAN_RATIO} times",
        ratio <= MEDIAN_RATIO,
        f"it is {ratio:.2f} times",
        f"median {medians[0] * 1000:.1f} ms beside them, {medians[1] * 1000:.1f} ms alone",
    )


asyncio.run(main())
