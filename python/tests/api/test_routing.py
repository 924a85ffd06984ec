"""What belongs to no route, or is no HTTP at all, is answered in OpenAI's form as well."""

from __future__ import annotations

import json

import pytest

from tests.api.scripted_engine import Served


@pytest.mark.parametrize(
    "path", ["/", "/generate/", "/v1", "/v1/chat", "/docs", "/openapi.json", "/v1/models/nanochat"]
)
def test_an_unknown_route_is_404(served: Served, path: str) -> None:
    answer = served.http.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["code"] is None


def test_a_wrong_method_is_405_and_names_the_right_one(served: Served) -> None:
    answer = served.http.get("/generate")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "raw",
    [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"GET /health HTTP/1.1\r\nA: " + b"x" * 100_000],
)
def test_bytes_that_are_no_http_or_endless_headers_are_400(served: Served, raw: bytes) -> None:
    with served.connect() as connection, connection.makefile("rb") as answer:
        connection.sendall(raw)
        head, _, body = answer.read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert set(json.loads(body)) == {"error"}


def test_no_answer_names_the_server_software(served: Served) -> None:
    assert "server" not in served.http.get("/health").headers
