"""Random JSON schemas, each with an instance known to satisfy it: nested objects, bounded arrays, enums, unions, patterns, ranges, escapes.

Also used by the end-to-end runs on a model: `draw_schema(random.Random(seed))` gives the same schema everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Drawn = tuple[dict[str, Any], Any]
"""A schema and an instance of it."""

NAMES = (
    "id",
    "name",
    "tags",
    "size",
    "kind",
    "note",
    "x",
    "y",
    "when",
    "price",
    "first name",
    'quo"te',
    "größe",
    "a\\b",
    "tab\t",
)
WORDS = ("red", "green", "blue", "café", 'say "hi"', "back\\slash", "new\nline", "", "日本", "a b", "😀", "/slash/")
PATTERNS = (
    ("^[a-z]{2,5}$", "abc"),
    ("^\\d{3}-\\d{4}$", "555-0199"),
    ("^(yes|no|maybe)$", "maybe"),
    ("^[A-Z][a-z]+( [A-Z][a-z]+)?$", "Ada Lovelace"),
    ("[0-9]$", "room 7"),
    ("^#([0-9a-f]{3}){1,2}$", "#fff"),
    ("^.{1,4}@[a-z]+\\.(com|org)$", "me@here.org"),
    ('^"quoted"$', '"quoted"'),
)


def draw_schema(rnd: random.Random, depth: int = 3) -> Drawn:
    """An object at the top, as clients ask for."""
    return _object(rnd, depth)


def _any(rnd: random.Random, depth: int) -> Drawn:
    simple: list[Callable[[random.Random], Drawn]] = [
        _string,
        _pattern,
        _integer,
        _number,
        _boolean,
        _null,
        _enum,
        _const,
    ]
    nested: list[Callable[[random.Random, int], Drawn]] = [_object, _array, _union, _tuple]
    if depth > 0 and rnd.random() < 0.5:
        return rnd.choice(nested)(rnd, depth - 1)
    return rnd.choice(simple)(rnd)


def _object(rnd: random.Random, depth: int) -> Drawn:
    names = rnd.sample(NAMES, rnd.randint(0, 5))
    parts = {name: _any(rnd, depth) for name in names}
    required = [name for name in names if rnd.random() < 0.6]
    rnd.shuffle(required)
    schema: dict[str, Any] = {"type": "object", "properties": {name: part for name, (part, _) in parts.items()}}
    if required or rnd.random() < 0.5:
        schema["required"] = required
    if rnd.random() < 0.7:
        schema["additionalProperties"] = False
    elif rnd.random() < 0.5:
        schema["additionalProperties"] = _any(rnd, 0)[0]
    present = [name for name in names if name in required or rnd.random() < 0.5]
    return schema, {name: parts[name][1] for name in present}


def _array(rnd: random.Random, depth: int) -> Drawn:
    schema, instance = _any(rnd, depth)
    least = rnd.randint(0, 3)
    bounds: dict[str, Any] = {"type": "array", "items": schema}
    if least:
        bounds["minItems"] = least
    if rnd.random() < 0.6:
        bounds["maxItems"] = least + rnd.randint(0, 3)
    return bounds, [instance] * least


def _tuple(rnd: random.Random, depth: int) -> Drawn:
    parts = [_any(rnd, depth) for _ in range(rnd.randint(1, 3))]
    schema = {"type": "array", "prefixItems": [part for part, _ in parts], "minItems": len(parts), "items": False}
    return schema, [instance for _, instance in parts]


def _union(rnd: random.Random, depth: int) -> Drawn:
    parts = [_any(rnd, depth) for _ in range(rnd.randint(2, 3))]
    return {"anyOf": [part for part, _ in parts]}, rnd.choice(parts)[1]


def _string(rnd: random.Random) -> Drawn:
    schema: dict[str, Any] = {"type": "string"}
    instance = rnd.choice(WORDS)
    if rnd.random() < 0.5:
        schema["minLength"] = rnd.randint(0, 12)
        instance = instance.ljust(schema["minLength"], "x")
    if rnd.random() < 0.5:
        schema["maxLength"] = len(instance) + rnd.randint(0, 10)
    return schema, instance


def _pattern(rnd: random.Random) -> Drawn:
    pattern, instance = rnd.choice(PATTERNS)
    return {"type": "string", "pattern": pattern}, instance


def _integer(rnd: random.Random) -> Drawn:
    low = rnd.randint(-1000, 1000)
    schema: dict[str, Any] = {"type": "integer"}
    if rnd.random() < 0.5:
        schema[rnd.choice(("minimum", "exclusiveMinimum"))] = low - 1
    if rnd.random() < 0.5:
        schema[rnd.choice(("maximum", "exclusiveMaximum"))] = low + rnd.randint(1, 500)
    if rnd.random() < 0.15:
        return {"type": "integer", "multipleOf": 5, "minimum": 0}, 10
    return schema, low


def _number(rnd: random.Random) -> Drawn:
    low = rnd.randint(-400, 400) / 4
    schema: dict[str, Any] = {"type": "number"}
    if rnd.random() < 0.5:
        schema[rnd.choice(("minimum", "exclusiveMinimum"))] = low - 0.25
    if rnd.random() < 0.5:
        schema[rnd.choice(("maximum", "exclusiveMaximum"))] = low + rnd.choice((0.5, 1, 12.75))
    return schema, low


def _boolean(rnd: random.Random) -> Drawn:
    return {"type": "boolean"}, rnd.random() < 0.5


def _null(rnd: random.Random) -> Drawn:
    return {"type": rnd.choice(("null", ["string", "null"], ["integer", "null"]))}, None


def _enum(rnd: random.Random) -> Drawn:
    values: list[Any] = rnd.sample([*WORDS, 1, -7, 2.5, True, None], rnd.randint(1, 5))
    return {"enum": values}, rnd.choice(values)


def _const(rnd: random.Random) -> Drawn:
    value: Any = rnd.choice([*WORDS, 42, False, [1, "two"], {"k": None}])
    return {"const": value}, value
