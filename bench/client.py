"""A client that keeps the arrival time of every token: asyncio streams, one connection a request, no HTTP library.

It shares the machine with what it measures, so it does little a token; decode.py records its share of the processor.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

_HEAD_LIMIT = 1 << 16


class Refused(Exception):
    """An answer that is not 200, a stream that ended in an error, or one that was cut."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one line of an answer says. tokens: how many came with it."""

    tokens: int = 0
    usage: dict[str, Any] | None = None
    error: str | None = None


def ndjson(line: bytes) -> Piece:
    """A line of the engine's POST /generate (docs/engine-api.md)."""
    message = json.loads(line)
    if "choices" in message:
        return Piece(tokens=sum(len(choice["token_ids"]) for choice in message["choices"]))
    return Piece(usage=message.get("usage"), error=_error(message))


def server_sent(line: bytes) -> Piece:
    """A line of the gateway's event stream. A chunk with text is one arrival; how many tokens there were, usage tells."""
    if not line.startswith(b"data: ") or line == b"data: [DONE]":
        return Piece()
    message = json.loads(line[6:])
    texts = [choice for choice in message.get("choices", ()) if choice.get("delta", {}).get("content")]
    return Piece(tokens=len(texts), usage=message.get("usage"), error=_error(message))


def _error(message: Mapping[str, Any]) -> str | None:
    return str(message["error"].get("message")) if message.get("error") else None


class Stream:
    """One streamed request. arrivals: a time for every token, in seconds of time.perf_counter."""

    def __init__(self, port: int, path: str, body: Mapping[str, Any], parse: Callable[[bytes], Piece]) -> None:
        self.arrivals: list[float] = []
        self.sent = time.perf_counter()
        self.ended: float | None = None
        self.usage: dict[str, Any] = {}
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._run(port, path, json.dumps(body).encode(), parse))

    @property
    def first_token_seconds(self) -> float:
        """From the request to its first token."""
        return self.arrivals[0] - self.sent

    async def reach(self, tokens: int) -> None:
        """Wait until this many tokens have come. Raises Refused where the stream ends before."""
        while len(self.arrivals) < tokens:
            if self._task.done():
                self._task.result()
                raise Refused(f"the stream ended after {len(self.arrivals)} of {tokens} tokens")
            self._news.clear()
            await self._news.wait()

    async def finish(self) -> None:
        """Wait for the end. Raises Refused where it was no good one."""
        await self._task

    async def close(self) -> None:
        """Go away in mid-stream, as a client does."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, port: int, path: str, body: bytes, parse: Callable[[bytes], Piece]) -> None:
        try:
            async for line in _answer(port, "POST", path, body):
                piece = parse(line)
                if piece.error is not None:
                    raise Refused(piece.error)
                self.usage = piece.usage or self.usage
                if piece.tokens:
                    self.arrivals += [time.perf_counter()] * piece.tokens
                    self._news.set()
            if not self.usage:
                raise Refused("the stream was cut: it told no usage")
        finally:
            self.ended = time.perf_counter()
            self._news.set()


def generate(port: int, *, ids: list[int] | None = None, chat: str | None = None, tokens: int, seed: int = 0) -> Stream:
    """A request straight at the engine: prompt ids, or one message of a chat; exactly `tokens` tokens come."""
    prompt = {"prompt_token_ids": ids} if chat is None else {"messages": [{"role": "user", "content": chat}]}
    sampling = {"temperature": 1.0, "top_k": 50, "seed": seed, "max_tokens": tokens, "ignore_eos": True}
    return Stream(port, "/generate", {**prompt, "sampling": sampling, "calculator": False}, ndjson)


def chat_completion(port: int, *, chat: str, tokens: int, seed: int = 0) -> Stream:
    """The same request at the gateway, which has no ignore_eos: what was generated is in usage."""
    body = {
        "model": "nanochat",
        "messages": [{"role": "user", "content": chat}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 1.0,
        "top_k": 50,
        "seed": seed,
        "max_tokens": tokens,
    }
    return Stream(port, "/v1/chat/completions", body, server_sent)


async def get_json(port: int, path: str) -> dict[str, Any]:
    """The JSON body of a GET, whatever its status. Raises OSError where nobody listens."""
    lines = [line async for line in _answer(port, "GET", path, b"", any_status=True)]
    answer: dict[str, Any] = json.loads(b"".join(lines))
    return answer


async def _answer(port: int, method: str, path: str, body: bytes, *, any_status: bool = False) -> AsyncIterator[bytes]:
    """The lines of an answer's body, without their ends and without empty ones. Raises Refused unless 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_HEAD_LIMIT)
    try:
        head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n"
        if body:
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        writer.write(f"{head}\r\n".encode() + body)
        status, _, fields = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        pieces = _chunks(reader) if b"transfer-encoding: chunked" in fields.lower() else _rest(reader)
        if status.split()[1] != b"200" and not any_status:
            told = b"".join([piece async for piece in pieces])
            raise Refused(f"{status.decode()}: {told.decode(errors='replace')[:500]}")
        left = b""
        async for piece in pieces:
            *lines, left = (left + piece).split(b"\n")
            for line in lines:
                if line.strip():
                    yield line.strip()
        if left.strip():
            yield left.strip()
    finally:
        writer.close()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The chunks of RFC 9112, section 7.1."""
    while size := int((await reader.readline()).split(b";")[0] or b"0", 16):
        yield (await reader.readexactly(size + 2))[:-2]


async def _rest(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(_HEAD_LIMIT):
        yield piece
