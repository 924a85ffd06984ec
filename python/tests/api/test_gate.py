"""The token closes every route but GET /health; without a token only local hosts are answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.scripted_engine import Served, serving

TOKEN = "a-long-token"


@pytest.fixture(scope="module")
def closed() -> Iterator[Served]:
    with serving(token=TOKEN, nonce="n-1") as running:
        yield running


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/generate"),
        ("GET", "/v1/models"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/chat/completions"),
        ("POST", "/v1/completions"),
        ("GET", "/unknown"),
        ("GET", "/health/"),
        ("GET", "//health"),
        ("GET", "/HEALTH"),
        ("POST", "/health"),
        ("HEAD", "/health"),
        ("OPTIONS", "/generate"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
    ],
)
@pytest.mark.parametrize(
    "key", [None, "", "Bearer", "Bearer wrong", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"]
)
def test_without_the_token_every_route_is_401(closed: Served, method: str, path: str, key: str | None) -> None:
    headers = {b"authorization": key.encode()} if key is not None else {}
    answer = closed.http.request(method, f"{closed.url}{path}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    if method != "HEAD":
        assert answer.json()["error"]["code"] == "invalid_api_key"


def test_the_token_opens_and_health_needs_none(closed: Served) -> None:
    assert closed.http.get("/v1/models", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert closed.http.get("/v1/models", headers={"authorization": f"bearer {TOKEN}"}).status_code == 200
    assert closed.http.get("/unknown", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 404
    assert closed.http.get("/health").json()["nonce"] == "n-1"


def test_with_a_token_any_host_is_answered(closed: Served) -> None:
    assert closed.http.get("/health", headers={"host": "engine.example"}).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8081", "[::1]", "[::1]:8081"])
def test_without_a_token_local_hosts_are_answered(served: Served, host: str) -> None:
    assert served.http.get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8081", "localhost.evil.example", "127.0.0.1.nip.io", ""]
)
def test_without_a_token_other_hosts_are_403(served: Served, host: str) -> None:
    for path in ("/health", "/v1/models", "/unknown"):
        answer = served.http.get(path, headers={"host": host})
        assert answer.status_code == 403
        assert answer.json()["error"]["type"] == "invalid_request_error"
