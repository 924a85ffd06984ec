"""Keywords of JSON schema that llguidance reads otherwise than the standard: rewritten to what it keeps, or refused."""

from __future__ import annotations

from typing import Any

from nanochat_engine.grammar.refusal import refuse

_MAPS_OF_SCHEMAS = ("properties", "patternProperties", "$defs", "definitions")
_DATA = ("enum", "const", "default", "examples")
_EXCLUSIVE = {"exclusiveMinimum": 1, "exclusiveMaximum": -1}


def kept(schema: Any) -> Any:
    """The schema with every instance of it one of the original's. Raises InvalidRequest where that can't be had."""
    if isinstance(schema, list):
        return [kept(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    _check_least_names(schema)
    return {key: _kept_value(key, value) for key, value in schema.items()}


def _kept_value(key: str, value: Any) -> Any:
    if key in _DATA:
        return value
    if key in _MAPS_OF_SCHEMAS and isinstance(value, dict):
        return {name: kept(part) for name, part in value.items()}
    if key in _EXCLUSIVE and isinstance(value, int | float) and not isinstance(value, bool):
        return _nudged(value, _EXCLUSIVE[key])
    return kept(value)


def _nudged(bound: float, way: int) -> float:
    """A whole exclusive bound a little further in: llguidance 1.9 admits the bound itself where the other is less than 1 away."""
    if bound % 1 or abs(bound) >= 1 << 51:
        return bound
    return bound + way * (1e-6 if abs(bound) < 1e9 else 0.5)


def _check_least_names(schema: dict[str, Any]) -> None:
    """llguidance lets names beyond `properties` repeat, so that fewer would remain than were written."""
    least, required = schema.get("minProperties"), schema.get("required")
    if isinstance(least, int) and least > max(1, len(required) if isinstance(required, list) else 0):
        raise refuse("json_schema: minProperties over 1 needs as many names in required.")
