"""Log-probabilities of a prompt's own tokens, as evaluation harnesses ask for them, through a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from nanochat_engine.request import (
    ChoiceDelta,
    GenerateRequest,
    PromptLogprobs,
    RequestDone,
    RequestFailed,
    SamplingParams,
)
from tests.engine_client import DEADLINE, NAME, Client, ids_of, request_of
from tests.golden import GOLDEN, NAMES, NATIVE, golden_model, reference, settings_of
from tests.model.test_golden import rows

PATHS = ("torch", *NATIVE)


@pytest.fixture(scope="module", params=["torch", "auto"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    client = Client(settings_of(NAME, batch_invariant="on", kernels=request.param)).until_ready()
    yield client
    client.engine.stop(DEADLINE)


def direct(name: str, tokens: list[int]) -> torch.Tensor:
    """The reference: log_softmax (len(tokens), vocab_size) of one pass on PyTorch's kernels in float32, the cache untouched."""
    model, store = golden_model(name)
    return model(rows(tokens, [(0, 0, len(tokens))]), store).double().log_softmax(-1)


def prompt_of(client: Client, request: GenerateRequest) -> PromptLogprobs:
    """The scored prompt of a request; it comes once and before every delta."""
    first, *others = client.events_of(request)[request.request_id]
    assert isinstance(first, PromptLogprobs)
    assert not any(isinstance(event, PromptLogprobs | RequestFailed) for event in others)
    return first


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step_tokens", [64, 512])
def test_they_are_those_of_one_pass_over_the_prompt(name: str, path: str, step_tokens: int) -> None:
    tokens = reference(name).tokens[:500]
    expected = direct(name, tokens)
    client = Client(settings_of(name, kernels=path, step_tokens=step_tokens)).until_ready()
    prompt = prompt_of(client, request_of("scored", prompt_ids=tuple(tokens), prompt_logprobs=5, max_tokens=0))
    client.engine.stop(DEADLINE)
    assert len(prompt.logprobs) == len(tokens) - 1
    for position, entry in enumerate(prompt.logprobs):
        assert abs(entry.logprob - expected[position, tokens[position + 1]].item()) < 1e-4
        values = expected[position].topk(5).values.tolist()
        assert [abs(a - b) < 1e-4 for a, b in zip(entry.top_logprobs, values, strict=True)] == [True] * 5
    whole = sum(entry.logprob for entry in prompt.logprobs[400:])
    assert abs(whole - sum(expected[p, tokens[p + 1]].item() for p in range(400, len(tokens) - 1))) < 1e-4


def test_they_are_nanochats_own(client: Client) -> None:
    expected = reference(NAME)
    prompt = prompt_of(client, request_of("golden", prompt_ids=tuple(expected.tokens), prompt_logprobs=0, max_tokens=0))
    for position, logits in zip(expected.positions, expected.logits, strict=True):
        if position + 1 < len(expected.tokens):
            value = logits.double().log_softmax(-1)[expected.tokens[position + 1]].item()
            assert abs(prompt.logprobs[position].logprob - value) < 1e-4


def test_a_prompt_in_the_cache_is_computed_all_the_same_and_its_choices_share_it(client: Client) -> None:
    plain = request_of("warm", prompt_ids=(43,) * 200, n=3)
    before = client.deltas(plain)
    request = replace(plain, request_id="scored", prompt_logprobs=2)
    first, *others = client.events_of(request)["scored"]
    assert isinstance(first, PromptLogprobs)
    assert len(first.logprobs) == 199
    done = others[-1]
    assert done == RequestDone("scored", prompt_tokens=200, completion_tokens=72, cached_tokens=0)
    deltas = [event for event in others if isinstance(event, ChoiceDelta)]
    assert [ids_of(deltas, index) for index in range(3)] == [ids_of(before, index) for index in range(3)]


@pytest.mark.parametrize("prompt", [1, 2, 64, 65, 128, 1024])
def test_a_prompt_of_any_length_is_scored(client: Client, prompt: int) -> None:
    request = request_of("any", prompt_ids=(44,) * prompt, max_tokens=0, prompt_logprobs=1, n=2)
    first, *others = client.events_of(request)["any"]
    assert isinstance(first, PromptLogprobs)
    assert len(first.logprobs) == prompt - 1
    assert others == [
        ChoiceDelta("any", 0, (), "", 0, "length"),
        ChoiceDelta("any", 1, (), "", 0, "length"),
        RequestDone("any", prompt_tokens=prompt, completion_tokens=0, cached_tokens=0),
    ]
    assert client.engine.snapshot().blocks_used == 0


def test_without_scores_a_request_for_no_tokens_ends_without_a_step(client: Client) -> None:
    steps = client.engine.snapshot().steps
    events = client.events_of(request_of("none", max_tokens=0, n=2))["none"]
    assert events == [
        ChoiceDelta("none", 0, (), "", 0, "length"),
        ChoiceDelta("none", 1, (), "", 0, "length"),
        RequestDone("none", prompt_tokens=20, completion_tokens=0, cached_tokens=0),
    ]
    assert client.engine.snapshot().steps == steps


def test_many_prompts_at_once_are_scored_as_each_alone(client: Client) -> None:
    requests = [
        request_of(f"scored {i}", prompt_ids=tuple((i * 7 + k) % 300 for k in range(40 + 60 * i)), prompt_logprobs=3)
        for i in range(8)
    ]
    alone = [prompt_of(client, request) for request in requests]
    together = client.events_of(*requests)
    for request, prompt in zip(requests, alone, strict=True):
        first = together[request.request_id][0]
        assert isinstance(first, PromptLogprobs)
        values = torch.tensor([entry.logprob for entry in first.logprobs])
        assert torch.allclose(values, torch.tensor([entry.logprob for entry in prompt.logprobs]), atol=1e-5)


def test_a_small_cache_scores_prompts_that_put_each_other_back() -> None:
    client = Client(settings_of(NAME, cache_tokens=512, max_running=4)).until_ready()
    requests = [
        request_of(
            f"scored {i}", prompt_ids=tuple((i + k) % 300 for k in range(300)), prompt_logprobs=0, max_tokens=100
        )
        for i in range(4)
    ]
    seen = client.events_of(*requests)
    client.engine.stop(DEADLINE)
    for events in seen.values():
        first, *others = events
        assert isinstance(first, PromptLogprobs)
        assert len(first.logprobs) == 299
        assert not any(isinstance(event, PromptLogprobs) for event in others)
        assert isinstance(others[-1], RequestDone)


def test_a_prompt_that_the_weights_turn_into_no_number_fails_without_scores(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    directory = tmp_path_factory.mktemp("damaged")
    for name in ("meta_000001.json", "tokenizer.pkl"):
        (directory / name).write_bytes((GOLDEN / NAME / name).read_bytes())
    tensors = torch.load(GOLDEN / NAME / "model_000001.pt", weights_only=True)
    tensors["transformer.wte.weight"][200] = float("nan")
    torch.save(tensors, directory / "model_000001.pt")
    client = Client(settings_of(NAME, model=directory)).until_ready()
    params = SamplingParams(seed=1, max_tokens=4)
    events = client.events_of(GenerateRequest("bad", (50, 200, 51), params, n=2, prompt_logprobs=1))["bad"]
    assert len(events) == 1
    assert isinstance(events[0], RequestFailed)
    client.wait_for(lambda now: now.running == 0 and now.waiting == 0)
    client.engine.stop(DEADLINE)
