"""The bridge crosses from the engine's thread once a step, and gives each stream its own events in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from nanochat_engine.api.bridge import Bridge, Stream
from nanochat_engine.errors import InvalidRequest, QueueFull, Unavailable
from nanochat_engine.request import GenerateRequest, RequestDone, RequestFailed, SamplingParams
from tests.api.scripted_engine import ScriptedEngine


def request(name: str) -> GenerateRequest:
    return GenerateRequest(name, (1, 2), SamplingParams(seed=0))


def run(scenario: Callable[[Bridge, ScriptedEngine], Awaitable[None]]) -> None:
    async def main() -> None:
        bridge, engine = Bridge(), ScriptedEngine()
        engine.publish = bridge.publish
        bridge.bind(asyncio.get_running_loop())
        await asyncio.wait_for(scenario(bridge, engine), 20)

    asyncio.run(main())


def test_a_step_of_many_requests_is_one_crossing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        crossings = 0
        loop = asyncio.get_running_loop()
        cross = loop.call_soon_threadsafe

        def counted(*arguments: Any) -> Any:
            nonlocal crossings
            crossings += 1
            return cross(*arguments)

        with bridge.open(engine, request("a")) as a, bridge.open(engine, request("b")) as b:
            monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
            one, two = engine.submitted
            engine.publish([*engine.deltas(one, "1", "2"), *engine.deltas(two, "3")])
            (step,), _ = await a.take()
            assert [delta.text for delta in step] == ["1", "2"]
            (step,), _ = await b.take()
            assert [delta.text for delta in step] == ["3"]
            assert crossings == 1
            monkeypatch.undo()

    run(scenario)


def test_a_slow_reader_gets_every_step_in_order_and_the_end_last() -> None:
    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        with bridge.open(engine, request("a")) as stream:
            (sent,) = engine.submitted
            for text in "abc":
                engine.step(sent, text)
            engine.done(sent)
            await asyncio.sleep(0)
            steps, end = await stream.take()
            assert [delta.text for step in steps for delta in step] == ["a", "b", "c"]
            assert isinstance(end, RequestDone)

    run(scenario)


def test_nothing_comes_after_the_end() -> None:
    stream = Stream("a")
    stream.finish(RequestDone("a", 1, 1, 0))
    stream.finish(RequestFailed("a", Unavailable("late")))
    stream.add_step([])
    assert asyncio.run(stream.take()) == ([], RequestDone("a", 1, 1, 0))


def test_leaving_a_stream_early_aborts_and_leaving_an_ended_one_does_not() -> None:
    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        with bridge.open(engine, request("early")):
            pass
        with bridge.open(engine, request("ended")) as stream:
            engine.done(engine.submitted[1])
            await stream.take()
        assert engine.aborted == [engine.submitted[0].request_id]

    run(scenario)


def test_a_refused_request_leaves_nothing_behind() -> None:
    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        engine.refusal = QueueFull("full")
        with pytest.raises(QueueFull), bridge.open(engine, request("a")):
            pass
        engine.refusal = None
        assert engine.aborted == []
        assert await bridge.wait_until_idle(0)
        with bridge.open(engine, request("a")):
            assert not await bridge.wait_until_idle(0)

    run(scenario)


def test_a_running_name_is_refused() -> None:
    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        with bridge.open(engine, request("a")):
            with pytest.raises(InvalidRequest), bridge.open(engine, request("a")):
                pass
            assert not await bridge.wait_until_idle(0)

    run(scenario)


def test_all_open_streams_can_be_ended_at_once() -> None:
    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        with bridge.open(engine, request("a")) as a, bridge.open(engine, request("b")) as b:
            bridge.end_all(Unavailable("over"))
            for stream in (a, b):
                _, end = await stream.take()
                assert isinstance(end, RequestFailed)
        assert engine.aborted == []

    run(scenario)


def test_events_after_the_loop_has_closed_are_dropped() -> None:
    kept: list[Bridge] = []

    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        kept.append(bridge)

    run(scenario)
    kept[0].publish([RequestDone("a", 1, 1, 0)])
