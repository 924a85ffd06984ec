"""The engine as its callers see it: requests in, events out, from a real thread with a golden model."""

from __future__ import annotations

import logging
import queue
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from nanochat_engine.engine import Engine
from nanochat_engine.errors import InvalidRequest, QueueFull, SettingsError, Unavailable
from nanochat_engine.request import (
    ChoiceDelta,
    ChoiceResume,
    RequestDone,
    RequestFailed,
)
from tests.engine_client import DEADLINE, NAME, Client, ids_of, request_of, text_of
from tests.golden import GOLDEN, reference, settings_of


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client(settings_of(NAME, batch_invariant="on")).until_ready()
    yield client
    client.engine.stop(DEADLINE)


def test_greedy_tokens_are_the_golden_continuation(client: Client) -> None:
    expected = reference(NAME)
    prompt = tuple(expected.tokens)
    request = request_of("golden", prompt_ids=prompt, temperature=0.0, max_tokens=len(expected.continuation))
    assert ids_of(client.deltas(request)) == expected.continuation


def test_a_request_ends_with_its_token_counts(client: Client) -> None:
    events = client.events_of(request_of("counted", n=2))["counted"]
    assert events[-1] == RequestDone("counted", prompt_tokens=20, completion_tokens=48, cached_tokens=0)
    assert client.engine.snapshot().blocks_used == 0


def test_a_prompt_that_is_in_the_cache_is_told_and_gives_the_same_tokens(client: Client) -> None:
    request = request_of("again", prompt_ids=(41,) * 200)
    cold, warm = client.events_of(request)["again"], client.events_of(request)["again"]
    assert warm[:-1] == cold[:-1]
    assert cold[-1] == RequestDone("again", prompt_tokens=200, completion_tokens=24, cached_tokens=0)
    assert warm[-1] == RequestDone("again", prompt_tokens=200, completion_tokens=24, cached_tokens=192)


def test_a_prompt_of_another_salt_is_not_told_and_gives_the_same_tokens(client: Client) -> None:
    asked = [request_of("salted", prompt_ids=(43,) * 200, cache_salt=salt) for salt in ("alice", "bob", None, "alice")]
    answers = [client.events_of(request)["salted"] for request in asked]
    assert all(answer[:-1] == answers[0][:-1] for answer in answers)
    assert [end.cached_tokens for *_, end in answers if isinstance(end, RequestDone)] == [0, 0, 0, 192]


def test_choices_share_a_prompt_and_only_what_was_there_before_is_told(client: Client) -> None:
    request = request_of("shared", prompt_ids=(42,) * 150, n=3)
    ends = [client.events_of(request)["shared"][-1] for _ in range(2)]
    assert [end.cached_tokens for end in ends if isinstance(end, RequestDone)] == [0, 128]


def test_without_the_prefix_cache_everything_is_computed() -> None:
    client = Client(settings_of(NAME, prefix_cache=False)).until_ready()
    request = request_of("again", prompt_ids=(41,) * 200)
    for _ in range(2):
        end = client.events_of(request)["again"][-1]
        assert end == RequestDone("again", prompt_tokens=200, completion_tokens=24, cached_tokens=0)
    client.engine.stop(DEADLINE)


def test_a_seed_repeats_alone_and_beside_eight_others(client: Client) -> None:
    alone = client.deltas(request_of("seeded"))
    together = client.events_of(*[request_of(f"other {i}", prompt=5 + 20 * i) for i in range(8)], request_of("seeded"))
    assert [event for event in together["seeded"] if isinstance(event, ChoiceDelta)] == alone


def test_choices_differ_and_each_repeats(client: Client) -> None:
    first, second = client.deltas(request_of("choices", n=3)), client.deltas(request_of("choices", n=3))
    texts = [ids_of(first, index) for index in range(3)]
    assert texts == [ids_of(second, index) for index in range(3)]
    assert texts[0] != texts[1] != texts[2]


def test_a_stream_resumes_at_every_token_with_the_same_tokens_and_text(client: Client) -> None:
    plain = client.deltas(request_of("plain"))
    # A stop string over several tokens, so that text is held back at the seam.
    stop = text_of(plain)[20:24]
    whole = client.deltas(request_of("whole", stop=(stop,)))
    ids, text = ids_of(whole), text_of(whole)
    assert whole[-1].finish_reason == "stop"
    for cut in range(1, len(ids)):
        offset = whole[cut - 1].text_offset
        resumed = client.deltas(request_of("resumed", stop=(stop,), resume={0: ChoiceResume(tuple(ids[:cut]), offset)}))
        assert ids[:cut] + ids_of(resumed) == ids, cut
        assert text[:offset] + text_of(resumed) == text, cut
        assert resumed[-1].text_offset == len(text)
        assert resumed[-1].finish_reason == "stop"


def test_resumed_ids_that_already_end_the_choice_finish_at_once_and_count(client: Client) -> None:
    whole = client.deltas(request_of("whole"))
    ids = tuple(ids_of(whole))
    steps = client.engine.snapshot().steps
    events = client.events_of(request_of("ended", resume={0: ChoiceResume(ids, 3)}))["ended"]
    text = text_of(whole)
    assert events == [
        ChoiceDelta("ended", 0, (), text[3:], len(text), "length"),
        RequestDone("ended", prompt_tokens=20, completion_tokens=len(ids), cached_tokens=0),
    ]
    assert client.engine.snapshot().steps == steps


def test_a_finished_choice_is_not_resumed(client: Client) -> None:
    whole = client.deltas(request_of("two", n=2))
    head = ids_of(whole, 1)[:10]
    resumed = client.deltas(request_of("two", n=2, resume={1: ChoiceResume(tuple(head), 0)}))
    assert {delta.index for delta in resumed} == {1}
    assert head + ids_of(resumed, 1) == ids_of(whole, 1)


def test_a_resumption_that_no_run_could_have_given_is_refused(client: Client) -> None:
    with pytest.raises(InvalidRequest, match="fewer than text_offset"):
        client.engine.submit(request_of("wrong", resume={0: ChoiceResume((40,), 99)}))
    with pytest.raises(InvalidRequest, match="already finished"):
        client.engine.submit(request_of("wrong", max_tokens=2, resume={0: ChoiceResume((40, 41, 42), 0)}))


def test_an_abort_frees_the_blocks_within_a_step(client: Client) -> None:
    before = client.engine.snapshot()
    client.engine.submit(request_of("aborted", max_tokens=900))
    client.events.get(timeout=DEADLINE)
    client.engine.abort("aborted")
    after = client.wait_for(lambda now: now.aborted > before.aborted)
    assert after.steps < before.steps + 900
    assert (after.blocks_used, after.running) == (0, 0)
    assert after.abort_steps_max <= 1
    while not client.events.empty():
        assert not isinstance(client.events.get(), RequestDone)


def test_a_prompt_without_room_is_refused_and_a_default_is_cut_to_the_room(client: Client) -> None:
    with pytest.raises(InvalidRequest) as caught:
        client.engine.submit(request_of("long", prompt_ids=(40,) * 1024))
    assert caught.value.code == "context_length_exceeded"
    with pytest.raises(InvalidRequest, match="1010"):
        client.engine.submit(request_of("asked", prompt_ids=(40,) * 1010, max_tokens=15))
    events = client.events_of(request_of("cut", prompt_ids=(40,) * 1010, max_tokens=None))["cut"]
    assert isinstance(events[-1], RequestDone)
    assert events[-1].completion_tokens == 14


def test_a_running_request_id_is_refused_a_second_time(client: Client) -> None:
    client.engine.submit(request_of("twice", max_tokens=900))
    with pytest.raises(InvalidRequest, match="running already"):
        client.engine.submit(request_of("twice"))
    client.engine.abort("twice")
    client.wait_for(lambda now: now.running == 0)
    while not client.events.empty():
        client.events.get()


def test_a_full_queue_refuses_and_a_drain_refuses_but_finishes_what_runs() -> None:
    client = Client(settings_of(NAME, max_running=1, max_waiting=0)).until_ready()
    client.engine.submit(request_of("running", max_tokens=900))
    with pytest.raises(QueueFull):
        client.engine.submit(request_of("late"))
    client.engine.drain()
    with pytest.raises(Unavailable) as caught:
        client.engine.submit(request_of("later"))
    assert caught.value.code == "shutting_down"
    while not isinstance(client.events.get(timeout=DEADLINE), RequestDone):
        pass
    client.engine.stop(DEADLINE)


@pytest.mark.parametrize("cache_tokens", [64, 512, 640])
def test_a_small_cache_is_enough_to_start_and_to_serve(cache_tokens: int) -> None:
    client = Client(settings_of(NAME, cache_tokens=cache_tokens)).until_ready()
    assert isinstance(client.events_of(request_of("small"))["small"][-1], RequestDone)
    client.engine.stop(DEADLINE)


def test_tokens_that_the_weights_turn_into_no_number_end_their_own_request_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("meta_000001.json", "tokenizer.pkl"):
        shutil.copy(GOLDEN / NAME / name, tmp_path)
    tensors = torch.load(GOLDEN / NAME / "model_000001.pt", weights_only=True)
    tensors["transformer.wte.weight"][200] = float("nan")
    torch.save(tensors, tmp_path / "model_000001.pt")
    client = Client(settings_of(NAME, model=tmp_path)).until_ready()
    # Greedy from ordinary tokens never meets the damaged one in so few steps.
    good = request_of("good", temperature=0.0)
    events = client.events_of(good, request_of("bad", prompt_ids=(50, 200, 51)))
    (failed,) = events["bad"]
    assert isinstance(failed, RequestFailed)
    assert failed.error.code == "damaged_model"
    assert [record.__dict__["request_id"] for record in caplog.records if record.levelno == logging.ERROR] == ["bad"]
    assert isinstance(events["good"][-1], RequestDone)
    after = client.wait_for(lambda now: now.running == 0)
    assert (after.state, after.blocks_used) == ("ready", 0)
    client.engine.stop(DEADLINE)


def test_a_stop_ends_open_requests_with_an_error() -> None:
    client = Client(settings_of(NAME)).until_ready()
    client.engine.submit(request_of("cut", max_tokens=900))
    client.events.get(timeout=DEADLINE)
    client.engine.stop(DEADLINE)
    events = []
    while not client.events.empty():
        events.append(client.events.get())
    assert isinstance(events[-1], RequestFailed)


def test_what_is_to_be_done_after_loading_is_done_once_and_before_it_is_ready() -> None:
    states: list[str] = []
    fatal: queue.Queue[BaseException] = queue.Queue()
    engine = Engine(
        settings_of(NAME), lambda _: None, fatal.put, on_loaded=lambda: states.append(engine.snapshot().state)
    )
    engine.start()
    end = time.monotonic() + DEADLINE
    while engine.snapshot().state != "ready":
        assert fatal.empty() and time.monotonic() < end
        time.sleep(0.002)
    assert states == ["warming"]
    engine.stop(DEADLINE)


def test_a_checkpoint_that_cannot_be_served_is_told_as_fatal() -> None:
    client = Client(settings_of(NAME, device="cuda:7"))
    with pytest.raises(SettingsError, match="cuda:7"):
        client.until_ready()
    assert client.engine.snapshot().state == "failed"
    with pytest.raises(Unavailable):
        client.engine.submit(request_of("any"))
