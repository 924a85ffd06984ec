"""Constraints are compiled beside everything else: who waits for one takes no place from anybody."""

from __future__ import annotations

import itertools
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

import httpx
import pytest

from nanochat_engine.api.admission import MOST_COMPILING
from nanochat_engine.constraint import Constraint
from tests.api.scripted_engine import DEADLINE, Served, serving

HI = {"messages": [{"role": "user", "content": "hi"}]}


def constrained(source: str) -> dict[str, object]:
    return {**HI, "constraint": {"regex": source}}


def begins(served: Served, body: dict[str, object]) -> int:
    """The status of an answer that is left as soon as it begins."""
    with served.http.stream("POST", "/generate", json=body) as answer:
        return answer.status_code


def in_the_lane(served: Served, pool: ThreadPoolExecutor, count: int) -> list[Future[int]]:
    """Requests that wait for their constraints, all of them sent."""
    sent = [pool.submit(begins, served, constrained(f"slow{number}")) for number in range(count)]
    served.engine.wait_for_preparing(min(count, 4))
    return sent


def test_prompts_and_compiled_constraints_pass_those_that_wait_to_be_compiled() -> None:
    with serving(max_running=1, max_waiting=1) as served, ThreadPoolExecutor(8) as pool:
        served.engine.compiled.append(Constraint("regex", "known"))
        served.engine.compiling.clear()
        waiting = in_the_lane(served, pool, 4)
        assert begins(served, HI) == 200
        assert begins(served, constrained("known")) == 200
        served.engine.compiling.set()
        # Two of them may come back at once to a place for two.
        assert {future.result() for future in waiting} <= {200, 429}


def test_more_constraints_than_may_wait_are_429(served: Served) -> None:
    with ThreadPoolExecutor(MOST_COMPILING + 8) as pool:
        served.engine.compiling.clear()
        sent = in_the_lane(served, pool, MOST_COMPILING + 8)
        # The others wait, so these are the first to have an answer.
        refused = [future.result() for future in itertools.islice(as_completed(sent, DEADLINE), 8)]
        served.engine.compiling.set()
        statuses = [future.result() for future in sent]
    assert refused == [429] * 8
    assert statuses.count(200) == MOST_COMPILING


def test_a_constraint_that_is_left_gives_its_place_back(served: Served) -> None:
    served.engine.compiling.clear()
    for _ in range(2 * MOST_COMPILING):
        with pytest.raises(httpx.ReadTimeout):
            served.http.post("/generate", json=constrained("slow"), timeout=0.05)
    served.engine.compiling.set()
    assert begins(served, constrained("after")) == 200
