from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanochat_engine.tools.tool_loop import MAX_EXPRESSION_TOKENS, CalculatorLoop
from tests.golden import golden_tokenizer

T = golden_tokenizer()
RESULT = [T.output_start_id, *T.encode("408"), T.output_end_id]


def block(text: str) -> list[int]:
    return [T.python_start_id, *T.encode(text), T.python_end_id]


def pushed(ids: list[int]) -> CalculatorLoop:
    loop = CalculatorLoop(T)
    for token in ids:
        loop.push(token)
    return loop


def generate(ids: list[int], loop: CalculatorLoop | None = None) -> list[int]:
    """What an engine appends: forced ids first, else the model's own, until both are used up."""
    loop = loop or CalculatorLoop(T)
    sampled, out = list(ids), []
    while loop.next_forced is not None or sampled:
        token = loop.next_forced if loop.next_forced is not None else sampled.pop(0)
        loop.push(token)
        out.append(token)
    return out


def visible(ids: list[int]) -> str:
    loop, shown = CalculatorLoop(T), []
    for token in ids:
        loop.push(token)
        if loop.visible:
            shown.append(token)
    return T.decode(shown)


def test_the_result_of_a_closed_block_is_forced_in_the_output_tokens() -> None:
    loop = pushed(block("12*34"))
    assert loop.forced == tuple(RESULT)
    assert loop.next_forced == T.output_start_id


def test_generation_goes_on_after_the_forced_ids() -> None:
    after = T.encode(" is it")
    assert generate([*block("12*34"), *after]) == [*block("12*34"), *RESULT, *after]


@pytest.mark.parametrize("expression", ["1/0", "hello", "2**9", "", "1+"])
def test_nothing_is_forced_for_what_does_not_evaluate(expression: str) -> None:
    assert pushed(block(expression)).forced == ()


def test_an_unfinished_block_forces_nothing() -> None:
    assert pushed(block("12*34")[:-1]).forced == ()


def test_an_end_without_a_start_forces_nothing() -> None:
    assert pushed([*T.encode("12*34"), T.python_end_id]).forced == ()


def test_a_second_start_begins_the_expression_again() -> None:
    assert pushed([T.python_start_id, *T.encode("99+"), *block("12*34")]).forced == tuple(RESULT)


def test_a_special_token_in_the_expression_spoils_it_to_the_block_s_end() -> None:
    spoilt = [T.python_start_id, *T.encode("12"), T.output_start_id, *T.encode("*34"), T.python_end_id]
    assert pushed(spoilt).forced == ()
    assert pushed([*spoilt, *block("12*34")]).forced == tuple(RESULT)


def test_a_stop_token_ends_an_open_block() -> None:
    loop = pushed([T.python_start_id, *T.encode("1+1"), T.assistant_end_id, T.python_end_id])
    assert loop.forced == ()
    loop.push(T.encode("a")[0])
    assert loop.visible


def test_an_expression_of_too_many_tokens_is_not_evaluated() -> None:
    digit = T.encode("1")
    assert pushed([T.python_start_id, *digit * MAX_EXPRESSION_TOKENS, T.python_end_id]).forced != ()
    assert pushed([T.python_start_id, *digit * (MAX_EXPRESSION_TOKENS + 1), T.python_end_id]).forced == ()


def test_memory_of_an_open_block_is_bounded() -> None:
    loop = pushed([T.python_start_id, *T.encode("1") * 5000])
    assert loop._expression is None


def test_blocks_are_hidden_and_text_around_them_is_shown() -> None:
    assert visible([*T.encode("A "), *block("12*34"), *RESULT, *T.encode(" B")]) == "A  B"


def test_text_after_an_output_block_that_the_model_wrote_itself_is_shown() -> None:
    assert visible([T.output_start_id, *T.encode("5"), T.output_end_id, *T.encode("B")]) == "B"


def test_text_after_a_block_that_forced_nothing_is_shown() -> None:
    assert visible([*block("1/0"), *T.encode("B")]) == "B"


@pytest.mark.parametrize("cut", range(len(block("12*34") + RESULT) + 1))
def test_a_run_cut_anywhere_is_resumed_to_the_same_ids(cut: int) -> None:
    after = T.encode(" ok")
    whole = generate([*block("12*34"), *after])
    loop = pushed(whole[:cut])
    rest_sampled = [*block("12*34"), *after][min(cut, len(block("12*34"))) :]
    assert whole[:cut] + generate(rest_sampled, loop) == whole


def test_replayed_ids_are_taken_as_they_are_when_another_result_stands_there() -> None:
    other = [T.output_start_id, *T.encode("409"), T.output_end_id]
    loop = pushed([*block("12*34"), *other])
    assert loop.forced == ()
    assert visible([*block("12*34"), *other, *T.encode("B")]) == "B"


def test_replayed_ids_are_taken_as_they_are_when_nothing_was_forced() -> None:
    loop = pushed([*block("12*34"), *T.encode("B")])
    assert loop.forced == ()
    assert loop.visible


IDS = st.lists(
    st.sampled_from([*T.encode("1+2"), *T.encode("a"), *sorted(T.special_ids)]),
    max_size=40,
)


@given(IDS, st.integers(0, 100))
def test_any_run_cut_anywhere_is_resumed_to_the_same_ids(sampled: list[int], cut: int) -> None:
    """The model's own ids follow from position alone, as they do from a seed."""
    first, whole = CalculatorLoop(T), []
    for position in range(60):
        token = first.next_forced
        if token is None:
            token = sampled[position % len(sampled)] if sampled else 0
        first.push(token)
        whole.append(token)
    cut = min(cut, len(whole))
    second, again = pushed(whole[:cut]), whole[:cut]
    for position in range(cut, 60):
        token = second.next_forced
        if token is None:
            token = sampled[position % len(sampled)] if sampled else 0
        second.push(token)
        again.append(token)
    assert again == whole


def test_a_calculation_is_told_with_the_token_that_ends_it_and_with_no_other() -> None:
    loop, told = CalculatorLoop(T), []
    for token in [*T.encode("a"), *block("12*34"), *RESULT, *block("no sum"), *block("1+1")]:
        loop.push(token)
        if loop.calculation is not None:
            told.append((token, loop.calculation))
    assert told == [(T.python_end_id, ("12*34", "408")), (T.python_end_id, ("1+1", "2"))]
