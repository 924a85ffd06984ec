"""What a request's sampling parameters do to its own tokens, and nothing to those of others, through a real engine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nanochat_engine.errors import InvalidRequest
from nanochat_engine.request import ChoiceDelta, ChoiceResume, PromptLogprobs, RequestDone
from tests.engine_client import DEADLINE, NAME, Client, ids_of, request_of, text_of
from tests.golden import NAMES, NATIVE, golden_tokenizer, reference, settings_of

PATHS = ("torch", *NATIVE)
T = golden_tokenizer()
VOCAB = 331


@pytest.fixture(scope="module", params=["torch", "auto"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    client = Client(settings_of(NAME, batch_invariant="on", kernels=request.param)).until_ready()
    yield client
    client.engine.stop(DEADLINE)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", NAMES)
def test_logprobs_are_the_raw_ones_of_nanochats_own_code(name: str, path: str) -> None:
    expected = reference(name)
    position = expected.positions[-1]
    logprobs = expected.logits[-1].double().log_softmax(-1)
    client = Client(settings_of(name, kernels=path)).until_ready()
    # Everything that changes logits is on: none of it may show.
    changed: dict[str, Any] = {
        "temperature": 0.3,
        "top_k": 5,
        "min_p": 0.2,
        "repetition_penalty": 1.5,
        "presence_penalty": 1.0,
        "logit_bias": ((3, 50.0),),
    }
    request = request_of("raw", prompt_ids=tuple(expected.tokens[: position + 1]), max_tokens=1, logprobs=20, **changed)
    (delta,) = client.deltas(request)
    client.engine.stop(DEADLINE)
    (entry,) = delta.logprobs
    assert abs(entry.logprob - logprobs[delta.token_ids[0]].item()) < 1e-4
    assert len(entry.top_ids) == 20
    for token, value in zip(entry.top_ids, entry.top_logprobs, strict=True):
        assert abs(value - logprobs[token].item()) < 1e-4
    assert list(entry.top_logprobs) == sorted(entry.top_logprobs, reverse=True)
    assert (logprobs > entry.top_logprobs[-1] + 1e-4).sum() < 20


def test_logprobs_come_with_each_token_only_where_asked_for(client: Client) -> None:
    deltas = client.deltas(request_of("told", logprobs=0, n=2))
    assert all(len(delta.logprobs) == len(delta.token_ids) == 1 for delta in deltas)
    assert all(entry.top_ids == () for delta in deltas for entry in delta.logprobs)
    assert all(delta.logprobs == () for delta in client.deltas(request_of("untold", n=2)))


def test_a_token_that_the_calculator_forces_is_told_with_its_own_logprob(client: Client) -> None:
    block = (T.python_start_id, *T.encode("20+3"), T.python_end_id)
    request = request_of("forced", calculator=True, max_tokens=16, logprobs=0, resume={0: ChoiceResume(block, 0)})
    deltas = client.deltas(request)[:4]
    forced = ids_of(deltas)
    assert forced == [T.output_start_id, *T.encode("23"), T.output_end_id]
    ids = (*request.prompt_ids, *block, *forced)
    scored = client.events_of(request_of("scored", prompt_ids=ids, prompt_logprobs=0))["scored"][0]
    assert isinstance(scored, PromptLogprobs)
    for delta, entry in zip(deltas, scored.logprobs[-4:], strict=True):
        assert math.isclose(delta.logprobs[0].logprob, entry.logprob, abs_tol=1e-4)


def test_a_greedy_token_is_the_first_of_the_most_likely(client: Client) -> None:
    for delta in client.deltas(request_of("greedy", temperature=0.0, logprobs=1)):
        assert delta.logprobs[0].top_ids == delta.token_ids
        assert delta.logprobs[0].top_logprobs == (delta.logprobs[0].logprob,)


@pytest.mark.parametrize("temperature", [0.0, 2.0])
def test_a_bias_of_100_forces_and_one_of_minus_100_bans(client: Client, temperature: float) -> None:
    forced = client.deltas(request_of("forced", temperature=temperature, logit_bias=((65, 100.0),), top_k=0))
    assert set(ids_of(forced)) == {65}
    banned = tuple((token, -100.0) for token in range(VOCAB) if token not in (66, 67))
    left = client.deltas(request_of("banned", temperature=temperature, logit_bias=banned, top_k=0))
    assert set(ids_of(left)) <= {66, 67}


def test_a_frequency_penalty_drives_out_what_a_bias_repeats(client: Client) -> None:
    bias = tuple((token, 30.0) for token in (65, 66, 67))
    penalized = request_of(
        "round", temperature=0.0, logit_bias=bias, frequency_penalty=2.0, presence_penalty=2.0, max_tokens=12
    )
    ids = ids_of(client.deltas(penalized))
    # At 4 the first time and 2 each time after, no token of the three can lead by more than the raw logits differ.
    assert set(ids) == {65, 66, 67}


def test_min_p_of_one_leaves_the_likeliest_alone(client: Client) -> None:
    greedy = ids_of(client.deltas(request_of("greedy", temperature=0.0)))
    assert ids_of(client.deltas(request_of("min_p", temperature=2.0, top_k=0, min_p=1.0))) == greedy


def test_nothing_ends_an_answer_before_min_tokens(client: Client) -> None:
    end = T.assistant_end_id
    eager: dict[str, Any] = {"logit_bias": ((end, 100.0),), "ignore_eos": False, "max_tokens": 20}
    plain = client.deltas(request_of("eager", **eager))
    assert (ids_of(plain), plain[-1].finish_reason) == ([end], "stop")
    held = client.deltas(request_of("held", **eager, min_tokens=5))
    ids = ids_of(held)
    assert (len(ids), ids[-1], held[-1].finish_reason) == (6, end, "stop")
    assert end not in ids[:-1]


def test_a_stop_string_is_looked_for_after_min_tokens(client: Client) -> None:
    text = text_of(client.deltas(request_of("plain")))
    stop = text[2]
    assert len(ids_of(client.deltas(request_of("early", stop=(stop,))))) <= 3
    late = client.deltas(request_of("late", stop=(stop,), min_tokens=10))
    assert len(ids_of(late)) >= 10
    assert text_of(late)[:9] == text[:9]


def test_a_stop_id_ends_the_answer_counts_and_gives_no_text(client: Client) -> None:
    plain = client.deltas(request_of("plain"))
    ids = ids_of(plain)
    stop = ids[6]
    first = ids.index(stop)
    events = client.events_of(request_of("stopped", stop_token_ids=frozenset((stop, 330))))["stopped"]
    stopped = [event for event in events if isinstance(event, ChoiceDelta)]
    assert ids_of(stopped) == ids[: first + 1]
    assert stopped[-1].finish_reason == "stop"
    assert text_of(stopped) == T.decode(ids[:first])
    assert isinstance(events[-1], RequestDone)
    assert events[-1].completion_tokens == first + 1


def test_min_tokens_above_what_is_generated_is_refused_and_named(client: Client) -> None:
    with pytest.raises(InvalidRequest) as caught:
        client.engine.submit(request_of("more", max_tokens=None, min_tokens=600))
    assert caught.value.param == "sampling.min_tokens"


EVERYTHING: dict[str, Any] = {
    "repetition_penalty": 1.3,
    "presence_penalty": 0.7,
    "frequency_penalty": 0.9,
    "min_p": 0.01,
    "logit_bias": ((65, 2.0), (66, -3.0)),
    "min_tokens": 8,
    "stop_token_ids": frozenset(range(0, VOCAB, 7)),
    "logprobs": 2,
    "top_k": 0,
}


def test_a_stream_with_every_parameter_resumes_at_every_token(client: Client) -> None:
    whole = client.deltas(request_of("whole", **EVERYTHING))
    ids, text = ids_of(whole), text_of(whole)
    assert whole[-1].finish_reason == "stop"
    assert len(ids) >= 9
    entries = [entry for delta in whole for entry in delta.logprobs]
    for cut in range(len(ids)):
        offset = whole[cut - 1].text_offset if cut else 0
        resumed = client.deltas(request_of("resumed", **EVERYTHING, resume={0: ChoiceResume(tuple(ids[:cut]), offset)}))
        assert ids[:cut] + ids_of(resumed) == ids, cut
        assert text[:offset] + text_of(resumed) == text, cut
        told = [entry for delta in resumed for entry in delta.logprobs]
        assert [entry.top_ids for entry in told] == [entry.top_ids for entry in entries[cut:]]
        assert math.isclose(told[-1].logprob, entries[-1].logprob, abs_tol=1e-5)


changes = st.fixed_dictionaries(
    {},
    optional={
        "repetition_penalty": st.floats(0.5, 2.0),
        "presence_penalty": st.floats(-2, 2),
        "frequency_penalty": st.floats(-2, 2),
        "min_p": st.floats(0, 1),
        "logit_bias": st.lists(
            st.tuples(st.integers(0, VOCAB - 1), st.floats(-100, 100)), max_size=20, unique_by=lambda pair: pair[0]
        ).map(tuple),
        "min_tokens": st.integers(0, 8),
        "stop_token_ids": st.frozensets(st.integers(0, VOCAB - 1), max_size=64),
        "logprobs": st.integers(0, 20),
        "temperature": st.sampled_from([0.0, 0.7, 2.0]),
        "prompt_logprobs": st.integers(0, 20),
        "seed": st.integers(0, 2**63 - 1),
    },
)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    company=st.lists(st.tuples(st.integers(1, 150), changes), min_size=1, max_size=6),
    temperature=st.sampled_from([0.0, 1.0]),
)
def test_a_plain_requests_tokens_are_the_same_beside_any_others(
    client: Client, company: list[tuple[int, dict[str, Any]]], temperature: float
) -> None:
    plain = request_of("plain", prompt=70, temperature=temperature, max_tokens=10)
    alone = client.deltas(plain)
    others = [
        request_of(f"other {number}", prompt=length, max_tokens=10, **changed)
        for number, (length, changed) in enumerate(company)
    ]
    events = client.events_of(*others[::2], plain, *others[1::2])
    assert [event for event in events["plain"] if isinstance(event, ChoiceDelta)] == alone
    assert all(isinstance(each[-1], RequestDone) for each in events.values())


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed=changes, company=st.lists(st.integers(1, 150), min_size=1, max_size=6))
def test_a_request_with_parameters_gets_the_same_alone_and_in_company(
    client: Client, changed: dict[str, Any], company: list[int]
) -> None:
    changed = {key: value for key, value in changed.items() if key != "prompt_logprobs"}
    asked = request_of("asked", prompt=70, max_tokens=10, **changed)
    alone = client.deltas(asked)
    others = [request_of(f"other {number}", prompt=length) for number, length in enumerate(company)]
    events = client.events_of(*others, asked)["asked"]
    assert [event for event in events if isinstance(event, ChoiceDelta)] == alone
