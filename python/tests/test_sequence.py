"""One choice's own state: what its deltas tell, live and resumed."""

from __future__ import annotations

import pytest

from nanochat_engine.errors import InvalidRequest
from nanochat_engine.request import Calculation, ChoiceResume, GenerateRequest, SamplingParams, TokenLogprob
from nanochat_engine.sequence import Sequence
from tests.golden import golden_tokenizer

T = golden_tokenizer()


def sequence_of(resumed: tuple[int, ...] | None = None, max_tokens: int = 100, **params: object) -> Sequence:
    resume = {} if resumed is None else {0: ChoiceResume(resumed, 0)}
    sampling = SamplingParams(seed=1, **params)  # type: ignore[arg-type]
    return Sequence(GenerateRequest("r", (1, 2, 3), sampling, resume=resume), 0, max_tokens, T)


def test_a_calculation_is_in_the_delta_of_the_token_that_ends_its_expression() -> None:
    block = [T.python_start_id, *T.encode("2+2"), T.python_end_id]
    sequence = sequence_of()
    deltas = [sequence.append(token) for token in block]
    assert deltas[-1].calculations == (Calculation("2+2", "4"),)
    assert all(delta.calculations == () for delta in deltas[:-1])
    # The result is forced whatever is sampled, and told once.
    forced = [sequence.append(0) for _ in (T.output_start_id, *T.encode("4"), T.output_end_id)]
    assert [delta.token_ids[0] for delta in forced] == [T.output_start_id, *T.encode("4"), T.output_end_id]
    assert all(delta.calculations == () and delta.text == "" for delta in forced)


def test_a_resumed_choice_tells_no_calculation_again() -> None:
    block = (T.python_start_id, *T.encode("2+2"), T.python_end_id)
    sequence = sequence_of((*T.encode("a"), *block))
    assert sequence.opening is not None
    assert (sequence.opening.text, sequence.opening.calculations) == ("a", ())
    assert sequence.append(0).calculations == ()


def test_replayed_tokens_count_for_penalties_and_min_tokens() -> None:
    params: dict[str, object] = {"frequency_penalty": 1.0, "min_tokens": 3}
    live, resumed = sequence_of(**params), sequence_of((65, 66), **params)
    for token in (65, 66):
        live.append(token)
    for sequence in (live, resumed):
        assert sequence.adjustment is not None
        assert sequence.adjustment.occurrences is not None
        assert list(sequence.adjustment.occurrences.ids) == [65, 66]
        assert set(sequence.adjustment.held_back) == T.stop_ids
        sequence.append(65)
        assert list(sequence.adjustment.occurrences.counts) == [2.0, 1.0]
        assert not sequence.adjustment.held_back


def test_a_logprob_goes_out_with_its_token() -> None:
    entry = TokenLogprob(-1.0, (), ())
    assert sequence_of().append(65, entry).logprobs == (entry,)


def test_an_end_that_ignore_eos_ignores_is_not_held_back_and_a_stop_id_still_ends() -> None:
    sequence = sequence_of(ignore_eos=True, min_tokens=2, stop_token_ids=frozenset((70,)))
    assert sequence.adjustment is not None
    assert list(sequence.adjustment.held_back) == [70]
    assert [sequence.append(token).finish_reason for token in (70, T.bos_id, 70)] == [None, None, "stop"]


def test_a_choice_of_no_tokens_has_ended_before_any_step_and_resumes_with_none_alone() -> None:
    assert sequence_of(max_tokens=0).finish_reason == "length"
    assert sequence_of((), max_tokens=0).opening is not None
    with pytest.raises(InvalidRequest, match="already finished"):
        sequence_of((65,), max_tokens=0)
