from __future__ import annotations

import json
import random
import re
from pathlib import Path

import jsonschema
import pytest
from llguidance import LLParserLimits

from nanochat_engine.errors import InvalidRequest
from nanochat_engine.grammar.compiler import CompiledConstraint, Compiler
from nanochat_engine.grammar.state import MOST_STEPS_A_TOKEN, GrammarState
from tests.grammar.drawing import TOKENIZER, allowed, constraint, draw, text_of, vocabulary
from tests.grammar.random_schemas import draw_schema

END = vocabulary().end
HEAVY = json.loads(Path(__file__).with_name("hostile.json").read_text())["served"]


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_drawn_ends_in_time_with_an_instance_of_the_schema(compiler: Compiler, seed: int) -> None:
    rnd = random.Random(seed)
    schema, instance = draw_schema(rnd)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(instance)
    compiled = compiler.compile(constraint("json_schema", schema))
    for room in (0, 5, 60, 300):
        most = compiled.least_tokens + room
        state = compiled.state(most)
        tokens = draw(state, rnd, most)
        assert state.ended
        assert tokens[-1] == END
        validator.validate(json.loads(text_of(tokens[:-1])))


Run = tuple[list[int], list[list[int]], list[int]]
"""Draws, what the mask allowed before each, and what was taken."""


def drawn_run(state: GrammarState, rnd: random.Random) -> Run:
    draws, masks, taken = [], [], []
    while not state.ended:
        masks.append(allowed(state))
        draws.append(rnd.choice(masks[-1]))
        taken.append(state.take(draws[-1]))
    return draws, masks, taken


def assert_resumes_at_every_token(compiled: CompiledConstraint, most: int, run: Run) -> None:
    draws, masks, taken = run
    for cut in range(len(taken)):
        resumed = compiled.state(most)
        assert resumed.replay(taken[:cut]) == cut
        for position in range(cut, len(taken)):
            assert allowed(resumed) == masks[position], (cut, position)
            assert resumed.take(draws[position]) == taken[position]
        assert resumed.ended


@pytest.mark.parametrize("room", [0, 15, 40])
@pytest.mark.parametrize("seed", range(4))
def test_a_choice_that_is_resumed_at_any_token_goes_on_by_the_same_masks_and_tokens(
    compiler: Compiler, seed: int, room: int
) -> None:
    schema, _ = draw_schema(random.Random(seed), depth=4)
    compiled = compiler.compile(constraint("json_schema", schema))
    most = compiled.least_tokens + room
    assert_resumes_at_every_token(compiled, most, drawn_run(compiled.state(most), random.Random(seed)))


TIGHT = {"states": {"max_lexer_states": 70}, "fuel": {"step_lexer_fuel": 150}, "items": {"step_max_items": 30}}
MANY_STATES = "((a|b)*a(a|b){9}c?){3}"


@pytest.mark.parametrize("where", ["masks", "paths", "searches", "all"])
@pytest.mark.parametrize("tight", TIGHT)
def test_a_choice_that_met_a_limit_is_resumed_as_exactly(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch, tight: str, where: str
) -> None:
    compiled = compiler.compile(constraint("regex", MANY_STATES))
    small = LLParserLimits(**({"max_lexer_states": 20_000, "verbose_errors": False} | TIGHT[tight]))
    for name, limits in (
        ("masks", "state.LIMITS"),
        ("paths", "walk.WALK_LIMITS"),
        ("searches", "walk.SEARCH_LIMITS"),
    ):
        if where in (name, "all"):
            monkeypatch.setattr(f"nanochat_engine.grammar.{limits}", small)
    single = 0
    for seed in range(3):
        most = compiled.least_tokens + 12
        run = drawn_run(compiled.state(most), random.Random(seed))
        assert re.fullmatch(MANY_STATES, text_of(run[2][:-1]))
        single += sum(len(mask) == 1 for mask in run[1])
        assert_resumes_at_every_token(compiled, most, run)
    # Only a choice that follows its path has no way but one.
    assert single or where != "masks" or tight == "items"


def test_what_one_choice_uses_up_of_a_limit_is_not_missing_to_the_next(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nanochat_engine.grammar.state.LIMITS", LLParserLimits(max_lexer_states=70))
    compiled = compiler.compile(constraint("regex", MANY_STATES))
    runs = [drawn_run(compiled.state(60), random.Random(1)) for _ in range(3)]
    assert any(len(mask) == 1 for mask in runs[0][1])
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.parametrize("seed", range(12))
def test_a_token_costs_a_bounded_number_of_steps_whatever_it_is(compiler: Compiler, seed: int) -> None:
    rnd = random.Random(seed)
    heavy = rnd.choice(list(HEAVY.values()))
    for compiled in (
        compiler.compile(constraint("json_schema", draw_schema(rnd, depth=5)[0])),
        compiler.compile(constraint(*next(iter(heavy.items())))),
    ):
        state = compiled.state(compiled.least_tokens + 60)
        while not state.ended:
            before = state.steps
            state.take(rnd.choice(allowed(state)))
            assert state.steps - before <= MOST_STEPS_A_TOKEN


def test_a_replay_stops_at_a_token_that_no_run_gave(compiler: Compiler) -> None:
    state = compiler.compile(constraint("choice", ["yes", "no"])).state(8)
    assert state.replay([*TOKENIZER.encode("y"), *TOKENIZER.encode("o")]) == 1


def test_the_end_is_allowed_exactly_where_the_grammar_accepts_and_no_other_special_token_ever(
    compiler: Compiler,
) -> None:
    state = compiler.compile(constraint("regex", "(ab)+")).state(100)
    for letter in "abab":
        assert (END in allowed(state)) == state.accepting
        assert TOKENIZER.special_ids.isdisjoint(set(allowed(state)) - {END})
        state.take(*TOKENIZER.encode(letter))
    assert END in allowed(state)
    assert state.take(END) == END
    assert state.ended


def test_a_token_after_which_no_end_fits_is_replaced_by_the_path_to_the_end(compiler: Compiler) -> None:
    compiled = compiler.compile(constraint("regex", "a|b[0-9]{50}"))
    (b,) = TOKENIZER.encode("b")
    assert text_of([compiled.state(5).take(b)]) == "a"
    assert text_of([compiled.state(60).take(b)]) == "b"


def test_an_endless_text_is_ended_in_time(compiler: Compiler) -> None:
    state = compiler.compile(constraint("json_object")).state(12)
    (x,) = TOKENIZER.encode("x")
    tokens = [state.take(token) for token in TOKENIZER.encode('{"')]
    while not state.ended:
        tokens.append(state.take(x))
    assert len(tokens) == 12
    assert isinstance(json.loads(text_of(tokens[:-1])), dict)


def test_an_answer_longer_than_max_tokens_is_refused_with_the_least(compiler: Compiler) -> None:
    compiled = compiler.compile(
        constraint("json_schema", {"type": "array", "items": {"type": "boolean"}, "minItems": 20})
    )
    with pytest.raises(InvalidRequest, match=rf"at least {compiled.least_tokens} tokens") as caught:
        compiled.state(compiled.least_tokens - 1)
    assert caught.value.param == "constraint"
    assert draw(compiled.state(compiled.least_tokens), random.Random(0), compiled.least_tokens)[-1] == END


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "pattern", ["[a-c]{2,30}x", r"\d+(\.\d+)?", "(red|green) (cat|dog)s?", "a*b*c", "[^a]{0,5}é", "(ab)*c(de|f{40})?"]
)
def test_a_regular_expression_matches_the_whole_answer(compiler: Compiler, pattern: str, seed: int) -> None:
    tokens = draw(compiler.compile(constraint("regex", pattern)).state(25), random.Random(seed), 25)
    assert tokens[-1] == END
    assert re.fullmatch(pattern, text_of(tokens[:-1]))


def test_a_choice_is_one_of_its_strings_whatever_they_hold(compiler: Compiler) -> None:
    strings = ["a.b", "(c|d)", "a", "über\n", "\\x41", '"', "日本/#"]
    compiled = compiler.compile(constraint("choice", strings))
    seen = {text_of(draw(compiled.state(20), random.Random(seed), 20)[:-1]) for seed in range(60)}
    assert seen <= set(strings)
    assert len(seen) > 3


def test_a_lark_grammar_is_followed(compiler: Compiler) -> None:
    grammar = 'start: sum\nsum: term | sum "+" term\nterm: NUMBER | "(" sum ")"\nNUMBER: /[0-9]{1,3}/\n'
    compiled = compiler.compile(constraint("lark", grammar))
    for seed in range(10):
        tokens = draw(compiled.state(30), random.Random(seed), 30)
        assert tokens[-1] == END
        assert isinstance(eval(re.sub(r"\b0+(?=\d)", "", text_of(tokens[:-1])), {}), int)


def test_true_takes_any_json_value(compiler: Compiler) -> None:
    compiled = compiler.compile(constraint("json_schema", True))
    for seed in range(10):
        json.loads(text_of(draw(compiled.state(40), random.Random(seed), 40)[:-1]))
