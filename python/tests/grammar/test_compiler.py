from __future__ import annotations

import json
import random
import threading
from pathlib import Path
from typing import Any

import pytest

from nanochat_engine.constraint import Constraint
from nanochat_engine.errors import InvalidRequest
from nanochat_engine.grammar.checker import Checker
from nanochat_engine.grammar.compiler import CompiledConstraint, Compiler
from tests.grammar.drawing import constraint, draw, text_of, vocabulary

HOSTILE: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("hostile.json").read_text())


def given(body: dict[str, Any]) -> Constraint:
    ((kind, value),) = body.items()
    return constraint(kind, value)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", HOSTILE["refused"])
def test_a_hostile_constraint_is_refused_with_the_reason(compiler: Compiler, hasty: Compiler, name: str) -> None:
    why = HOSTILE["why"][name]
    with pytest.raises(InvalidRequest, match=why) as caught:
        (hasty if why.startswith("too") else compiler).compile(given(HOSTILE["refused"][name])).state(4096)
    assert caught.value.param == "constraint"
    assert caught.value.code == "invalid_value"
    assert len(caught.value.message) < 500
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", HOSTILE["served"])
def test_what_only_looks_hostile_is_served_to_its_end(compiler: Compiler, name: str) -> None:
    compiled = compiler.compile(given(HOSTILE["served"][name]))
    most = compiled.least_tokens + 100
    state = compiled.state(most)
    draw(state, random.Random(name), most)
    assert state.ended


def test_a_helper_that_was_killed_is_started_again(hasty: Compiler) -> None:
    with pytest.raises(InvalidRequest, match="takes too long"):
        hasty.compile(Constraint("regex", "a{1000000001}"))
    assert hasty.compile(Constraint("regex", "served after the kill")).least_tokens > 1


def test_a_source_over_the_size_is_refused_unread(compiler: Compiler) -> None:
    with pytest.raises(InvalidRequest, match="at most 65536"):
        compiler.compile(Constraint("regex", "a" * 65_537))


@pytest.mark.parametrize(
    "lark", ['start: "<" /[a>@]/ "temperature="', 'start: "a" // <|bos|>\n# @other', "start: /<\\/a>/"]
)
def test_what_a_lark_grammar_only_quotes_is_served(compiler: Compiler, lark: str) -> None:
    compiler.compile(constraint("lark", lark))


@pytest.mark.parametrize("choice", [[], "yes", [1], [["a"]], {"a": 1}])
def test_a_choice_that_is_no_list_of_strings_is_refused(compiler: Compiler, choice: Any) -> None:
    with pytest.raises(InvalidRequest, match="list of strings"):
        compiler.compile(constraint("choice", choice))


@pytest.mark.parametrize("schema", [False, None, 3, "string", []])
def test_a_schema_is_an_object_or_true(compiler: Compiler, schema: Any) -> None:
    with pytest.raises(InvalidRequest, match="must be an object or true"):
        compiler.compile(constraint("json_schema", schema))


def test_a_minimum_of_names_that_could_repeat_is_refused(compiler: Compiler) -> None:
    with pytest.raises(InvalidRequest, match="minProperties"):
        compiler.compile(constraint("json_schema", {"type": "object", "properties": {"const": {"minProperties": 2}}}))


@pytest.mark.parametrize(
    ("schema", "bound"),
    [
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}, 0),
        ({"type": "number", "exclusiveMaximum": -2, "minimum": -2.75}, -2),
        ({"type": "integer", "exclusiveMinimum": 4, "exclusiveMaximum": 6}, None),
    ],
)
def test_an_exclusive_bound_is_not_reached(compiler: Compiler, schema: dict[str, Any], bound: int | None) -> None:
    compiled = compiler.compile(constraint("json_schema", schema))
    drawn = [draw(compiled.state(6), random.Random(seed), 6)[:-1] for seed in range(40)]
    values = {json.loads(b"".join([vocabulary().bytes_of(token) or b"" for token in tokens])) for tokens in drawn}
    assert bound not in values
    assert bound is not None or values == {5}


def test_callers_of_one_constraint_share_one_compilation() -> None:
    compiler = Compiler(vocabulary())
    wanted = Constraint("regex", "shared[0-9]{5}")
    got: list[CompiledConstraint] = []
    threads = [threading.Thread(target=lambda: got.append(compiler.compile(wanted))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    compiler.close()
    assert compiler.compilations == 1
    assert len(got) == 8
    assert len(set(map(id, got))) == 1


def test_the_least_recently_used_is_forgotten_and_compiled_again() -> None:
    compiler = Compiler(vocabulary(), most_kept=2)
    for source in ("a", "b", "a", "c", "a", "b"):
        compiler.compile(Constraint("regex", source))
    compiler.close()
    assert compiler.compilations == 4


def test_a_refusal_is_kept_but_not_one_by_time() -> None:
    compiler = Compiler(vocabulary(), Checker(cpu_seconds=0.3))
    for source in ("(", "(", "a{1000000000}", "a{1000000000}"):
        with pytest.raises(InvalidRequest):
            compiler.compile(Constraint("regex", source))
    compiler.close()
    assert compiler.compilations == 3


def test_a_schema_within_lark_is_taken_as_one_alone(compiler: Compiler) -> None:
    schema = {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5, "x-guidance": {"lenient": True}}
    grammar = 'start: "<tool_call>" value "</tool_call>" # %json in a comment\nvalue: %json '
    compiled = compiler.compile(constraint("lark", grammar + json.dumps(schema)))
    drawn = {text_of(draw(compiled.state(40), random.Random(seed), 40)[:-1]) for seed in range(20)}
    assert all(text.startswith("<tool_call>0.") for text in drawn)
    with pytest.raises(InvalidRequest, match="uniqueItems"):
        compiler.compile(constraint("lark", grammar + json.dumps({**schema, "uniqueItems": True})))
    with pytest.raises(InvalidRequest, match="no JSON"):
        compiler.compile(constraint("lark", grammar + "{"))
