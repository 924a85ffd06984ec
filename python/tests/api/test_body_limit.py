"""A body over the limit is refused unread when it says so, and cut when it doesn't; a slow one does not wait for ever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nanochat_engine.api import body as body_module
from tests.api.scripted_engine import Served, serving

HEAD = b"POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def small() -> Iterator[Served]:
    with serving(body_limit_bytes=1024) as running:
        yield running


def test_a_declared_length_over_the_limit_is_413_before_any_of_it_is_sent(small: Served) -> None:
    with small.connect() as connection, connection.makefile("rb") as answer:
        connection.sendall(HEAD + b"Content-Length: 1025\r\n\r\n")
        assert answer.readline() == b"HTTP/1.1 413 Request Entity Too Large\r\n"


def test_an_expectation_of_100_is_answered_with_413_instead(small: Served) -> None:
    with small.connect() as connection, connection.makefile("rb") as answer:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 1025\r\n\r\n")
        assert answer.readline() == b"HTTP/1.1 413 Request Entity Too Large\r\n"


def test_a_chunked_body_is_cut_at_the_limit_with_413(small: Served) -> None:
    with small.connect() as connection, connection.makefile("rb") as answer:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"400\r\n" + b" " * 1024 + b"\r\n1\r\n \r\n")
        assert answer.readline() == b"HTTP/1.1 413 Request Entity Too Large\r\n"


def test_a_large_body_sent_in_full_still_gets_its_413(small: Served) -> None:
    answer = small.http.post("/generate", content=b"x" * 300_000, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"
    assert small.http.get("/health").status_code == 200


def test_a_body_of_exactly_the_limit_is_read(small: Served) -> None:
    body = b'{"prompt":"hi"}'.ljust(1024)
    with small.http.stream("POST", "/generate", content=body, headers={"content-type": "application/json"}) as answer:
        assert answer.status_code == 200


def test_a_body_that_does_not_arrive_is_408(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "READ_SECONDS", 0.05)
    with served.connect() as connection, connection.makefile("rb") as answer:
        connection.sendall(HEAD + b"Content-Length: 10\r\n\r\n{")
        assert answer.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
        assert b"onnection: close" in answer.read()


def test_a_client_that_leaves_while_it_sends_breaks_nothing(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 10\r\n\r\n{")
    assert served.http.get("/health").status_code == 200
    assert served.engine.submitted == []
