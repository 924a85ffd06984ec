"""The measuring client against real sockets: what came, when, and that a bad answer is no measurement."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bench.client import Refused, Stream, get_json, ndjson, server_sent

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def chunk(text: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(text), text)


async def answered(*pieces: bytes) -> Stream:
    """A request to a server that writes these bytes and closes, until its end, good or not."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        stream = Stream(server.sockets[0].getsockname()[1], "/generate", {}, ndjson)
        await stream.finish()
        return stream


def test_every_token_has_the_time_of_its_line_wherever_chunks_are_cut() -> None:
    line = b'{"choices":[{"index":0,"token_ids":[4,5],"text":"ab"}]}\n'
    end = b'{"usage":{"prompt_tokens":1,"completion_tokens":3,"cached_tokens":0}}\n'
    one = b'{"choices":[{"index":0,"token_ids":[6],"text":"c"}]}\n'
    stream = asyncio.run(answered(HEAD, chunk(line[:9]), chunk(line[9:] + one[:3]), chunk(one[3:] + end), chunk(b"")))
    assert len(stream.arrivals) == 3
    assert stream.sent <= stream.arrivals[0] == stream.arrivals[1] <= stream.arrivals[2]
    assert stream.usage["completion_tokens"] == 3


def test_an_answer_that_is_not_200_is_refused_with_its_words() -> None:
    with pytest.raises(Refused, match=r"429.*queue is full"):
        asyncio.run(answered(b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 17\r\n\r\nthe queue is full"))


def test_an_error_in_the_stream_is_refused_with_its_message() -> None:
    with pytest.raises(Refused, match="it broke"):
        asyncio.run(answered(HEAD, chunk(b'{"error":{"message":"it broke"}}\n'), chunk(b"")))


@pytest.mark.parametrize("ending", [chunk(b""), b""], ids=["ended", "cut"])
def test_a_stream_without_usage_is_no_measurement(ending: bytes) -> None:
    with pytest.raises(Refused, match="no usage"):
        asyncio.run(answered(HEAD, chunk(b'{"choices":[{"index":0,"token_ids":[6],"text":"c"}]}\n'), ending))


def test_waiting_for_more_tokens_than_come_is_an_error_and_no_hang() -> None:
    async def wait() -> None:
        stream = await answered(HEAD, chunk(b'{"usage":{"completion_tokens":0}}\n'), chunk(b""))
        await asyncio.wait_for(stream.reach(1), 30)

    with pytest.raises(Refused, match="0 of 1"):
        asyncio.run(wait())


def test_events_with_text_are_arrivals_and_others_are_not() -> None:
    lines = [
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}',
        b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}',
        b": ping",
        b'data: {"choices":[],"usage":{"completion_tokens":1}}',
        b"data: [DONE]",
    ]
    pieces = [server_sent(line) for line in lines]
    assert [piece.tokens for piece in pieces] == [0, 1, 0, 0, 0]
    assert [piece.usage for piece in pieces if piece.usage] == [{"completion_tokens": 1}]


def test_health_is_read_whatever_its_status() -> None:
    async def ask() -> object:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 19\r\n\r\n{"state":"loading"}')
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            return await get_json(server.sockets[0].getsockname()[1], "/health")

    assert asyncio.run(ask()) == {"state": "loading"}
