"""Constraints are compiled beside everything else: who waits for one takes no place from anybody."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

import pytest

from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import InvalidRequest
from tests.api.scripted_engine import DEADLINE, Served, serving

HI = {"messages": [{"role": "user", "content": "hi"}]}
RESUME = {"resume": {"choices": [{"index": 0, "token_ids": [65], "text_offset": 1}]}}
# Compiled at once, so that more are sure to wait.
LANE = 4


def constrained(source: str) -> dict[str, object]:
    return {**HI, "constraint": {"regex": source}}


def begins(served: Served, body: dict[str, object]) -> int:
    """The status of an answer that is left as soon as it begins."""
    with served.http.stream("POST", "/generate", json=body) as answer:
        return answer.status_code


def send(served: Served, pool: ThreadPoolExecutor, bodies: Sequence[dict[str, object]]) -> list[Future[int]]:
    return [pool.submit(begins, served, body) for body in bodies]


def first(sent: list[Future[int]], count: int) -> list[int]:
    """The first answers; those that wait have none yet."""
    return [future.result() for future in itertools.islice(as_completed(sent, DEADLINE), count)]


def fill_the_lane(served: Served, pool: ThreadPoolExecutor) -> list[Future[int]]:
    """Constraints that are held up in compilation, as many as there can be."""
    served.engine.compiling.clear()
    sent = send(served, pool, [constrained(f"slow{number}") for number in range(LANE)])
    served.engine.wait_for_preparing(LANE)
    return sent


def wait_until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.002)


@contextlib.contextmanager
def asked(served: Served, body: dict[str, object]) -> Iterator[None]:
    """A request that the server has for the length of a block, and is left then; the server has seen both."""
    before = open_requests(served)
    raw = json.dumps(body).encode()
    with served.connect() as connection:
        head = f"POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
        connection.sendall(head.encode() + raw)
        wait_until(lambda: open_requests(served) == before + 1)
        yield
        before = open_requests(served)
    wait_until(lambda: open_requests(served) == before - 1)


def open_requests(served: Served) -> int:
    return len(served.bridge._streams)


def sources(served: Served) -> list[str]:
    """Of the constraints that the engine was asked for."""
    return [request.constraint.source for request in served.engine.preparing if request.constraint is not None]


def test_prompts_and_compiled_constraints_pass_those_that_wait_to_be_compiled() -> None:
    with serving(max_running=3, max_waiting=3) as served, ThreadPoolExecutor(8) as pool:
        served.engine.compiled.append(Constraint("regex", "known"))
        waiting = fill_the_lane(served, pool)
        assert begins(served, HI) == 200
        assert begins(served, constrained("known")) == 200
        served.engine.compiling.set()
        assert {future.result() for future in waiting} == {200}


def test_as_many_wait_for_constraints_as_the_engine_holds_and_more_are_429() -> None:
    with serving(max_running=16, max_waiting=2) as served, ThreadPoolExecutor(26) as pool:
        served.engine.compiling.clear()
        sent = send(served, pool, [constrained(f"slow{number}") for number in range(26)])
        refused = first(sent, 8)
        served.engine.compiling.set()
        statuses = [future.result() for future in sent]
    assert refused == [429] * 8
    assert statuses.count(200) == 18


@pytest.mark.parametrize("count", [1, 26])
def test_resumed_requests_wait_for_their_constraints_however_many_there_are(count: int) -> None:
    with serving(max_running=16, max_waiting=2) as served, ThreadPoolExecutor(26) as pool:
        served.engine.compiling.clear()
        bodies = [{**constrained(f"slow{number % count}"), **RESUME} for number in range(26)]
        sent = send(served, pool, bodies)
        wait_until(lambda: open_requests(served) == 26)
        served.engine.compiling.set()
        assert {future.result() for future in sent} == {200}
        assert len(sources(served)) == count


def test_requests_that_wait_for_the_same_constraint_have_it_compiled_once() -> None:
    with serving(max_running=16, max_waiting=2) as served, ThreadPoolExecutor(20) as pool:
        served.engine.compiling.clear()
        sent = send(served, pool, [constrained("same")] * 20)
        refused = first(sent, 2)
        served.engine.compiling.set()
        statuses = [future.result() for future in sent]
        assert sources(served) == ["same"]
    assert refused == [429] * 2
    assert statuses.count(200) == 18


def test_a_constraint_that_is_refused_is_refused_to_all_that_wait_and_tried_for_the_next() -> None:
    with serving(max_running=1, max_waiting=2) as served, ThreadPoolExecutor(5) as pool:
        served.engine.uncompilable = InvalidRequest("no", param="constraint")
        served.engine.compiling.clear()
        sent = send(served, pool, [constrained("bad")] * 5)
        assert first(sent, 2) == [429] * 2
        served.engine.compiling.set()
        assert [future.result() for future in sent].count(400) == 3
        assert sources(served) == ["bad"]
        answer = served.http.post("/generate", json=constrained("bad"))
        assert answer.json()["error"]["param"] == "constraint"
        assert sources(served) == ["bad"] * 2


def test_a_constraint_that_nobody_waits_for_any_more_gives_its_place_back_and_is_not_compiled() -> None:
    with serving(max_running=4, max_waiting=1) as served, ThreadPoolExecutor(8) as pool:
        slow = fill_the_lane(served, pool)
        for number in range(3):
            with asked(served, constrained(f"left{number}")):
                assert begins(served, constrained("beyond")) == 429
        served.engine.compiling.set()
        assert {future.result() for future in slow} == {200}
        assert begins(served, constrained("after")) == 200
        assert [source for source in sources(served) if not source.startswith("slow")] == ["after"]


def test_who_leaves_takes_no_constraint_from_those_that_wait_for_the_same() -> None:
    with serving() as served, ThreadPoolExecutor(8) as pool:
        slow = fill_the_lane(served, pool)
        with asked(served, constrained("shared")):
            staying = pool.submit(begins, served, constrained("shared"))
            wait_until(lambda: open_requests(served) == LANE + 2)
        served.engine.compiling.set()
        assert {future.result() for future in [*slow, staying]} == {200}
        assert sources(served).count("shared") == 1


def test_a_constraint_that_was_left_while_it_compiles_is_there_for_who_asks_next() -> None:
    with serving() as served, ThreadPoolExecutor(1) as pool:
        served.engine.compiling.clear()
        with asked(served, constrained("slow")):
            served.engine.wait_for_preparing(1)
        next_one = pool.submit(begins, served, constrained("slow"))
        wait_until(lambda: open_requests(served) == 1)
        served.engine.compiling.set()
        assert next_one.result() == 200
        assert sources(served) == ["slow"]
