from __future__ import annotations

import json
import random
import re

import jsonschema
import pytest

from nanochat_engine.errors import InvalidRequest
from nanochat_engine.grammar.compiler import Compiler
from tests.grammar.drawing import TOKENIZER, allowed, constraint, draw, text_of, vocabulary
from tests.grammar.random_schemas import draw_schema

END = vocabulary().end


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


def test_a_replay_of_the_taken_tokens_goes_on_as_the_first_run_did(compiler: Compiler) -> None:
    schema, _ = draw_schema(random.Random(3), depth=4)
    compiled = compiler.compile(constraint("json_schema", schema))
    most = compiled.least_tokens + 40
    tokens = draw(compiled.state(most), random.Random(1), most)
    for cut in range(len(tokens)):
        resumed = compiled.state(most)
        assert resumed.replay(tokens[:cut]) == cut
        # Whatever is drawn now, what the first run took is taken again where it is drawn.
        assert [resumed.take(token) for token in tokens[cut:]] == tokens[cut:]
        assert resumed.ended


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
