"""Constrained answers of a real engine: a golden model's tokens are as good as random ones."""

from __future__ import annotations

import json
from collections.abc import Iterator

import jsonschema
import pytest

from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import InvalidRequest, QueueFull, Unavailable
from nanochat_engine.grammar import checker
from nanochat_engine.request import ChoiceResume
from tests.engine_client import DEADLINE, NAME, Client, ids_of, request_of, text_of
from tests.golden import golden_tokenizer, settings_of

T = golden_tokenizer()
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"enum": ["red", "blue"]}, "minItems": 2},
        "size": {"type": "number", "exclusiveMinimum": 0},
    },
    "required": ["tags", "size"],
    "additionalProperties": False,
}
CONSTRAINT = Constraint("json_schema", json.dumps(SCHEMA))


@pytest.fixture(scope="module", params=["torch", "auto"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    client = Client(settings_of(NAME, batch_invariant="on", kernels=request.param)).until_ready()
    yield client
    client.engine.stop(DEADLINE)


def test_every_choice_ends_in_time_with_an_instance(client: Client) -> None:
    for seed in range(4):
        deltas = client.deltas(request_of("json", n=3, constraint=CONSTRAINT, max_tokens=50, seed=seed, logprobs=1))
        for index in range(3):
            own = [delta for delta in deltas if delta.index == index]
            assert own[-1].finish_reason == "stop"
            assert own[-1].token_ids == (T.assistant_end_id,)
            assert all(len(delta.logprobs) == 1 for delta in own)
            jsonschema.validate(json.loads(text_of(deltas, index)), SCHEMA)


def test_a_resumed_choice_goes_on_as_the_uninterrupted_one(client: Client) -> None:
    request = request_of("whole", constraint=CONSTRAINT, max_tokens=50)
    whole = ids_of(client.deltas(request))
    for cut in (1, len(whole) // 2, len(whole) - 1):
        resume = {0: ChoiceResume(tuple(whole[:cut]), 0)}
        rest = client.deltas(request_of("rest", constraint=CONSTRAINT, max_tokens=50, resume=resume))
        assert whole[:cut] + ids_of(rest) == whole


def test_a_resumption_that_the_constraint_does_not_allow_is_refused(client: Client) -> None:
    resume = {0: ChoiceResume(tuple(T.encode("{x")), 0)}
    with pytest.raises(InvalidRequest, match="does not allow the token at 1") as caught:
        client.engine.submit(request_of("other", constraint=CONSTRAINT, max_tokens=50, resume=resume))
    assert caught.value.param == "resume.choices[0].token_ids"


def test_a_constrained_request_leaves_those_beside_it_as_they_are(client: Client) -> None:
    alone = ids_of(client.deltas(request_of("free")))
    together = client.events_of(
        request_of("free"), request_of("bound", constraint=CONSTRAINT, max_tokens=50), request_of("free2")
    )
    assert ids_of([delta for delta in together["free"] if hasattr(delta, "token_ids")]) == alone  # type: ignore[misc]


def test_a_constraint_that_can_not_be_served_is_refused_before_anything_runs(client: Client) -> None:
    for source, reason in (
        ("(", "does not compile"),
        ("a{2000}", "takes at least"),
        ("a{1000000000}", "takes too long"),
    ):
        with pytest.raises(InvalidRequest, match=reason) as caught:
            client.engine.submit(request_of("refused", constraint=Constraint("regex", source), max_tokens=40))
        assert caught.value.param == "constraint"
    assert client.engine.snapshot().running == 0


def test_time_that_a_constraint_takes_is_no_verdict_on_an_answer_that_had_begun(client: Client) -> None:
    endless = Constraint("regex", "a{1000000000}")
    resume = {0: ChoiceResume(tuple(T.encode("a")), 0)}
    with pytest.raises(Unavailable, match="takes too long"):
        client.engine.submit(request_of("resumed", constraint=endless, max_tokens=40, resume=resume))


def test_a_constraint_that_others_keep_waiting_is_too_many_requests_but_never_for_an_answer_that_had_begun(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker, "WAIT_SECONDS", 0.0)
    waiting = Constraint("regex", "[kept waiting]")
    resume = {0: ChoiceResume(tuple(T.encode("k")), 0)}
    compiler = client.engine._started_compiler()
    # As while the helper is asked for another one.
    with compiler._checker._lock:
        with pytest.raises(QueueFull, match="wait to be compiled"):
            client.engine.prepare(request_of("new", constraint=waiting, max_tokens=40))
        with pytest.raises(Unavailable, match="wait to be compiled"):
            client.engine.prepare(request_of("resumed", constraint=waiting, max_tokens=40, resume=resume))
    client.engine.prepare(request_of("later", constraint=waiting, max_tokens=40))


def test_a_constraint_is_prepared_once_it_was_compiled(client: Client) -> None:
    request = request_of("early", constraint=Constraint("regex", "ahead of time"), max_tokens=40)
    assert client.engine.prepared(request_of("free"))
    assert not client.engine.prepared(request)
    client.engine.prepare(request)
    assert client.engine.prepared(request)
    assert text_of(client.deltas(request)) == "ahead of time"


def test_the_end_of_the_grammar_ends_the_answer_whatever_min_tokens_says(client: Client) -> None:
    deltas = client.deltas(
        request_of("short", constraint=Constraint("choice", '["yes"]'), max_tokens=40, min_tokens=30)
    )
    assert text_of(deltas) == "yes"
    assert deltas[-1].finish_reason == "stop"
