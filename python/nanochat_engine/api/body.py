"""Reads a JSON body: content type, size and syntax, then its schema. What is wrong is told with 400, 413 or 415, never 422."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json
from starlette.requests import Request

from nanochat_engine.api.error_response import HttpRefusal
from nanochat_engine.api.structure import has_more_values
from nanochat_engine.config import Settings
from nanochat_engine.errors import InvalidRequest, RequestTooLarge

READ_SECONDS = 30.0

# A body of more strings, arrays and objects would keep the event loop for longer than tens of milliseconds.
_MOST_VALUES = 10_000
_MOST_VALUES_A_MESSAGE = 20

# Listing more problems than this only costs time on the event loop.
_MOST_ERRORS = 100

Schema = TypeVar("Schema", bound=BaseModel)


async def read_body(request: Request, schema: type[Schema], settings: Settings) -> Schema:
    """The body as `schema`, of at most body_limit_bytes.

    Raises HttpRefusal (408, 415), RequestTooLarge or InvalidRequest; ClientDisconnect when the client leaves meanwhile.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HttpRefusal(415, "The body must be JSON: Content-Type: application/json.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpRefusal(415, "The body must not be compressed.")
    try:
        async with asyncio.timeout(READ_SECONDS):
            raw = await _read(request, settings.body_limit_bytes)
    except TimeoutError as error:
        raise HttpRefusal(408, f"The body did not arrive within {READ_SECONDS:g} seconds.", headers=_CLOSE) from error
    if has_more_values(raw, _MOST_VALUES + _MOST_VALUES_A_MESSAGE * settings.max_messages):
        raise InvalidRequest("The body has too many fields.")
    return parse(raw, schema)


def parse(raw: bytes, schema: type[Schema]) -> Schema:
    """Raises InvalidRequest naming the first field that is wrong; never repeats the caller's text."""
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.")
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        raise _invalid(error) from None


_CLOSE = {"connection": "close"}


async def _read(request: Request, limit: int) -> bytes:
    too_large = f"The body is larger than {limit} bytes."
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise RequestTooLarge(too_large)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise RequestTooLarge(too_large)
    return bytes(body)


def _invalid(error: ValidationError) -> InvalidRequest:
    if error.error_count() > _MOST_ERRORS:
        return InvalidRequest("The body has too many errors to list.")
    found = error.errors(include_url=False, include_input=False)
    # Of a union every branch complains; the one that went deepest is the one that was meant.
    details = max([each for each in found if each["loc"][:1] == found[0]["loc"][:1]], key=lambda each: len(each["loc"]))
    param = _param(details)
    if details["type"] == "extra_forbidden":
        return InvalidRequest(f"Unknown field {param!r}.", param=param, code="unsupported_parameter")
    message = details["msg"].removeprefix("Value error, ").rstrip(".")
    return InvalidRequest(f"{param}: {message}." if param else f"{message}.", param=param)


def _param(details: ErrorDetails) -> str | None:
    """The field's path as callers write it: messages[0].content. Names of union branches are left out."""
    path = ""
    for step in details["loc"]:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step not in ("str", "int") and "[" not in step:
            path += f".{step}" if path else step
    return path[:128] or None
