"""The bridge crosses from the engine's thread once a step, and gives each stream its own events in order."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from nanochat_engine.api import bridge as bridge_module
from nanochat_engine.api.bridge import Bridge, Step, Stream
from nanochat_engine.errors import InvalidRequest, QueueFull, Unavailable
from nanochat_engine.request import ChoiceDelta, GenerateRequest, RequestDone, RequestFailed, SamplingParams
from tests.api.scripted_engine import DEADLINE, ScriptedEngine


def request(name: str) -> GenerateRequest:
    return GenerateRequest(name, (1, 2), SamplingParams(seed=0))


@contextlib.contextmanager
def opened(bridge: Bridge, engine: ScriptedEngine, name: str) -> Iterator[Stream]:
    """A stream whose request has been submitted."""
    with bridge.open(engine, name) as stream:
        stream.submit(request(name))
        yield stream


def on_a_thread(call: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=call, args=arguments)
    thread.start()
    return thread


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

        with opened(bridge, engine, "a") as a, opened(bridge, engine, "b") as b:
            monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
            one, two = engine.submitted
            on_a_thread(engine.publish, [*engine.deltas(one, "1", "2"), *engine.deltas(two, "3")]).join(DEADLINE)
            (step,), _ = await a.take()
            assert [delta.text for delta in step] == ["1", "2"]
            (step,), _ = await b.take()
            assert [delta.text for delta in step] == ["3"]
            assert crossings == 1
            monkeypatch.undo()

    run(scenario)


def test_a_slow_reader_gets_every_step_in_order_and_the_end_last() -> None:
    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        with opened(bridge, engine, "a") as stream:
            (sent,) = engine.submitted
            for text in "abc":
                await asyncio.to_thread(engine.step, sent, text)
            await asyncio.to_thread(engine.done, sent)
            steps, end = await stream.take()
            assert [delta.text for step in steps for delta in step] == ["a", "b", "c"]
            assert isinstance(end, RequestDone)

    run(scenario)


def test_the_engine_is_never_more_than_one_step_ahead_of_the_streams() -> None:
    steps = 200

    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        published = 0
        ahead: list[int] = []

        def publish() -> None:
            nonlocal published
            for _ in range(steps):
                engine.step(sent, "x")
                published += 1
            engine.done(sent)

        def sink(step: Step) -> bool:
            ahead.append(published - len(ahead))
            return True

        with opened(bridge, engine, "a") as stream:
            (sent,) = engine.submitted
            thread = on_a_thread(publish)
            left: list[Step] = []
            while stream.end is None:
                taken, _ = await stream.take(sink)
                left += taken
            thread.join(DEADLINE)
        assert len(ahead) + len(left) == steps
        assert max(ahead) <= 1

    run(scenario)


def test_a_loop_that_takes_nothing_is_told_in_the_log_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bridge_module, "STUCK_SECONDS", 0.01)

    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        with opened(bridge, engine, "a") as stream:
            (sent,) = engine.submitted
            # Joined on the loop's own thread: it is stuck meanwhile.
            for text in "abc":
                on_a_thread(engine.step, sent, text).join(DEADLINE)
            texts: list[str] = []
            while len(texts) < 3:
                steps, _ = await stream.take()
                texts += [delta.text for step in steps for delta in step]
            assert texts == ["a", "b", "c"]

    run(scenario)
    assert [record.message for record in caplog.records] == ["the event loop takes no steps"] * 2


def test_a_publisher_that_waits_goes_on_when_nobody_listens_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_module, "STUCK_SECONDS", 3600)

    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        with opened(bridge, engine, "a"):
            (sent,) = engine.submitted
            on_a_thread(engine.step, sent, "a").join(DEADLINE)
            waiting = on_a_thread(engine.step, sent, "b")
            bridge.unbind()
            waiting.join(DEADLINE)
            assert not waiting.is_alive()

    run(scenario)


def test_a_sink_gets_each_step_until_it_refuses_one_and_none_overtakes_it() -> None:
    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        stream = Stream("a", engine)
        seen: list[str] = []

        def sink(step: Step) -> bool:
            seen.extend(delta.text for delta in step)
            return seen[-1] != "b"

        taking = asyncio.ensure_future(stream.take(sink))
        await asyncio.sleep(0)
        for text in "abc":
            stream.add_step([ChoiceDelta("a", 0, (1,), text, 1, None)])
        steps, _ = await taking
        assert seen == ["a", "b"]
        assert [delta.text for step in steps for delta in step] == ["b", "c"]

    run(scenario)


def test_a_request_left_while_it_is_submitted_is_aborted_after_that() -> None:
    class LeftMeanwhile(ScriptedEngine):
        def submit(self, request: GenerateRequest) -> None:
            stream.leave()
            super().submit(request)

    engine = LeftMeanwhile()
    stream = Stream("a#1", engine)
    stream.submit(request("a"))
    assert engine.aborted == ["a#1"]
    stream.submit(request("a"))
    assert len(engine.submitted) == 1


def test_nothing_comes_after_the_end() -> None:
    stream = Stream("a", ScriptedEngine())
    stream.finish(RequestDone("a", 1, 1, 0))
    stream.finish(RequestFailed("a", Unavailable("late")))
    stream.add_step([])
    assert asyncio.run(stream.take()) == ([], RequestDone("a", 1, 1, 0))


def test_leaving_a_stream_early_aborts_and_leaving_an_ended_one_does_not() -> None:
    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        with opened(bridge, engine, "early"):
            pass
        with opened(bridge, engine, "ended") as stream:
            await asyncio.to_thread(engine.done, engine.submitted[1])
            await stream.take()
        assert engine.aborted == [engine.submitted[0].request_id]

    run(scenario)


def test_a_refused_request_leaves_nothing_behind() -> None:
    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        engine.refusal = QueueFull("full")
        with pytest.raises(QueueFull), opened(bridge, engine, "a"):
            pass
        engine.refusal = None
        assert engine.aborted == []
        assert await bridge.wait_until_idle(0)
        with opened(bridge, engine, "a"):
            assert not await bridge.wait_until_idle(0)

    run(scenario)


def test_a_running_name_is_refused() -> None:
    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        with opened(bridge, engine, "a"):
            with pytest.raises(InvalidRequest), opened(bridge, engine, "a"):
                pass
            assert not await bridge.wait_until_idle(0)

    run(scenario)


def test_all_open_streams_can_be_ended_at_once() -> None:
    async def scenario(bridge: Bridge, engine: ScriptedEngine) -> None:
        with opened(bridge, engine, "a") as a, opened(bridge, engine, "b") as b:
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
