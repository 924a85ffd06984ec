"""A client that goes away frees its request at once, wherever it is."""

from __future__ import annotations

import json
import logging
import socket
import struct
import threading
from typing import Any

import pytest

from nanochat_engine.api import exchange
from tests.api.scripted_engine import DEADLINE, Served

HI: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}]}


def post(connection: socket.socket, path: str, body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    connection.sendall(head.encode() + raw)


def reset(connection: socket.socket) -> None:
    """Close with a reset, as a process that is killed may."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/generate", {}),
        ("/v1/chat/completions", {"stream": True}),
        ("/v1/chat/completions", {}),
        ("/v1/completions", {}),
    ],
)
@pytest.mark.parametrize("close", [socket.socket.close, reset])
def test_leaving_before_the_first_token_aborts(served: Served, path: str, more: dict[str, Any], close: Any) -> None:
    connection = served.connect()
    post(connection, path, {**({"prompt": "hi"} if path == "/v1/completions" else HI), **more})
    request = served.engine.request()
    close(connection)
    served.engine.wait_for_abort(request)


@pytest.mark.parametrize(("path", "more"), [("/generate", {}), ("/v1/chat/completions", {"stream": True})])
def test_leaving_in_mid_stream_aborts(served: Served, path: str, more: dict[str, Any]) -> None:
    with served.http.stream("POST", path, json={**HI, **more}) as answer:
        request = served.engine.request()
        served.engine.step(request, "a")
        assert next(answer.iter_lines())
    served.engine.wait_for_abort(request)


def test_a_request_that_ended_is_not_aborted(served: Served) -> None:
    with served.http.stream("POST", "/generate", json=HI) as answer:
        served.engine.done(served.engine.request())
        answer.read()
    with served.http.stream("POST", "/generate", json=HI):
        second = served.engine.request(1)
    served.engine.wait_for_abort(second)
    assert served.engine.aborted == [second.request_id]


def test_leaving_while_it_is_tokenized_submits_nothing(served: Served) -> None:
    noticed = threading.Event()
    log = logging.getLogger(exchange.__name__)
    watch = logging.Handler()
    watch.emit = lambda record: noticed.set()  # type: ignore[method-assign]
    log.addHandler(watch)
    log.setLevel(logging.DEBUG)
    entered, go_on = threading.Event(), threading.Event()
    loaded = served.engine.tokenizer

    class Slow:
        vocab_size, bos_id = loaded.vocab_size, loaded.bos_id

        def encode(self, text: str) -> list[int]:
            entered.set()
            assert go_on.wait(DEADLINE)
            return loaded.encode(text)

    served.engine.loaded = Slow()  # type: ignore[assignment]
    connection = served.connect()
    post(connection, "/generate", {"prompt": "slow"})
    assert entered.wait(DEADLINE)
    assert served.http.get("/health").status_code == 200
    connection.close()
    assert noticed.wait(DEADLINE)
    log.removeHandler(watch)
    log.setLevel(logging.NOTSET)
    go_on.set()
    served.engine.loaded = loaded
    with served.http.stream("POST", "/generate", json={"prompt": "next"}):
        served.engine.request()
    assert [request.prompt_ids for request in served.engine.submitted] == [(loaded.bos_id, *loaded.encode("next"))]


def test_events_of_a_request_left_behind_do_not_reach_the_next_of_its_name(served: Served) -> None:
    body = {**HI, "request_id": "again"}
    with served.http.stream("POST", "/generate", json=body):
        old = served.engine.request(0)
    served.engine.wait_for_abort(old)
    with served.http.stream("POST", "/generate", json=body) as answer:
        new = served.engine.request(1)
        served.engine.step(old, "old")
        served.engine.step(new, "new")
        served.engine.done(new)
        assert "old" not in answer.read().decode()


def test_a_client_that_takes_nothing_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "STALL_SECONDS", 0.1)
    with served.connect() as connection:
        post(connection, "/generate", HI)
        request = served.engine.request()
        while request.request_id not in served.engine.aborted:
            served.engine.step(request, "x" * 100_000)
