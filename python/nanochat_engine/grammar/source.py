"""From a constraint to llguidance's grammar. Refuses what is too large, what llguidance would not keep, and what reaches special tokens."""

from __future__ import annotations

import json
import re
from typing import Any

from llguidance import LLMatcher

from nanochat_engine.constraint import Constraint
from nanochat_engine.grammar.keywords import kept
from nanochat_engine.grammar.refusal import refuse

MAX_SOURCE_BYTES = 64 << 10
# llguidance's own JSON reader stops at 128.
MAX_NESTING = 64

# Compact JSON: spaces without end are no text, and a model that rambles would write them.
_JSON_OPTIONS = {"whitespace_flexible": False, "lenient": False, "coerce_one_of": False}
# A Lark grammar's strings, regular expressions and comments, in which anything may stand.
_LARK_LITERAL = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|#[^\n]*|/(?:\\.|[^/\\\n])+/')
_LARK_JSON = re.compile(r"%json\s*\{")
_LARK_REFUSED = (
    (re.compile(r"<"), "special tokens and token ids"),
    (re.compile(r"\b(?:max_tokens|temperature|stop|stop_capture)\s*="), "max_tokens, temperature and stop of a rule"),
    (re.compile(r"%llguidance"), "%llguidance options"),
    (re.compile(r"@"), "other grammars by name"),
)


def check_size(constraint: Constraint) -> None:
    """Raises InvalidRequest for a source that is too long, or no text; it looks at nothing else."""
    try:
        size = len(constraint.source.encode())
    except UnicodeEncodeError as error:
        raise refuse("constraint holds a surrogate that is no character.") from error
    if size > MAX_SOURCE_BYTES:
        raise refuse(f"constraint has {size} bytes; at most {MAX_SOURCE_BYTES} are taken.")


def grammar_of(constraint: Constraint) -> str:
    """llguidance's grammar, as its own JSON. Raises InvalidRequest; whether it compiles is not known yet."""
    check_size(constraint)
    if constraint.kind == "regex":
        return LLMatcher.grammar_from_regex(constraint.source)
    if constraint.kind == "lark":
        return _lark(constraint.source)
    if constraint.kind == "json_object":
        return _json_grammar({"type": "object"})
    value = _parse(constraint.source)
    if constraint.kind == "choice":
        return _choice(value)
    return _schema(value)


def _check_nesting(source: str) -> None:
    depth = deepest = 0
    for bracket in re.findall(r'"(?:\\.|[^"\\])*"|[\[\]{}]', source):
        if bracket in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in ("]", "}"):
            depth -= 1
    if deepest > MAX_NESTING:
        raise refuse(f"constraint is nested {deepest} deep; at most {MAX_NESTING} are taken.")


def _parse(source: str) -> Any:
    _check_nesting(source)
    try:
        return json.loads(source)
    except (ValueError, RecursionError) as error:
        raise refuse("constraint is no JSON.") from error


def _json_grammar(schema: Any) -> str:
    try:
        return LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=_JSON_OPTIONS)  # type: ignore[arg-type]
    except (ValueError, RecursionError) as error:
        raise refuse(f"json_schema: {error}") from error


def _schema(schema: Any) -> str:
    if schema is True:
        return _json_grammar({})
    if not isinstance(schema, dict):
        raise refuse("json_schema must be an object or true.")
    if "x-guidance" in schema:
        raise refuse("json_schema: x-guidance is not supported.")
    return _json_grammar(kept(schema))


def _lark(source: str) -> str:
    bare = _LARK_LITERAL.sub(lambda literal: " " * len(literal[0]), source)
    for pattern, what in _LARK_REFUSED:
        if pattern.search(bare):
            raise refuse(f"lark: {what} are not supported.")
    return json.dumps({"grammars": [{"lark_grammar": _with_kept_schemas(source, bare)}]})


def _with_kept_schemas(source: str, bare: str) -> str:
    """The grammar with each %json as a schema of its own would be taken. bare: `source` with its literals blanked."""
    pieces: list[str] = []
    position = 0
    for found in _LARK_JSON.finditer(bare):
        if found.start() < position:
            continue
        try:
            schema, end = json.JSONDecoder().raw_decode(source, found.end() - 1)
        except (ValueError, RecursionError) as error:
            raise refuse(f"lark: what follows %json is no JSON: {error}") from error
        _check_nesting(source[found.end() - 1 : end])
        options = {"whitespace_flexible": False}
        pieces += [source[position : found.end() - 1], json.dumps({**kept(schema), "x-guidance": options})]
        position = end
    return "".join([*pieces, source[position:]])


def _choice(strings: Any) -> str:
    if not isinstance(strings, list) or not strings or not all(isinstance(string, str) for string in strings):
        raise refuse("choice must be a list of strings, at least one.")
    return LLMatcher.grammar_from_regex("|".join([_escaped(string) for string in strings]))


def _escaped(text: str) -> str:
    """Text as a regular expression of Rust's that matches just it."""
    return re.sub(r"[^0-9A-Za-z_]", lambda match: f"\\x{{{ord(match[0]):x}}}", text)
