"""Splits a pickle into operations and their literal arguments. It decides nothing about what they mean.

Only the operations that plain data and calls of globals need, as pickletools documents them; nothing here imports or
builds an object, and no argument is read that the bytes do not hold.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

PLAIN = {
    b"(": "MARK",
    b".": "STOP",
    b"N": "NONE",
    b"}": "EMPTY_DICT",
    b"]": "EMPTY_LIST",
    b")": "EMPTY_TUPLE",
    b"a": "APPEND",
    b"e": "APPENDS",
    b"s": "SETITEM",
    b"u": "SETITEMS",
    b"t": "TUPLE",
    b"R": "REDUCE",
    b"b": "BUILD",
    b"Q": "BINPERSID",
    b"\x81": "NEWOBJ",
    b"\x85": "TUPLE1",
    b"\x86": "TUPLE2",
    b"\x87": "TUPLE3",
    b"\x88": "NEWTRUE",
    b"\x89": "NEWFALSE",
    b"\x93": "STACK_GLOBAL",
    b"\x94": "MEMOIZE",
}


class _Cursor:
    """Takes bytes in order. Raises ValueError at the end of the data."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, size: int) -> bytes:
        taken = self._data[self._position : self._position + size]
        if len(taken) < size:
            raise ValueError("cut short")
        self._position += size
        return taken

    def line(self) -> str:
        end = self._data.index(b"\n", self._position)
        taken = self._data[self._position : end]
        self._position = end + 1
        return taken.decode()


def _number(form: str) -> Callable[[_Cursor], Any]:
    layout = struct.Struct(form)
    return lambda cursor: layout.unpack(cursor.take(layout.size))[0]


def _counted(form: str) -> Callable[[_Cursor], bytes]:
    length = _number(form)
    return lambda cursor: cursor.take(length(cursor))


def _text(form: str) -> Callable[[_Cursor], str]:
    counted = _counted(form)
    return lambda cursor: counted(cursor).decode("utf-8", "surrogatepass")


def _long(cursor: _Cursor) -> int:
    return int.from_bytes(_counted("B")(cursor), "little", signed=True)


def _name(cursor: _Cursor) -> tuple[str, str]:
    return cursor.line(), cursor.line()


WITH_ARGUMENT: dict[bytes, tuple[str, Callable[[_Cursor], Any]]] = {
    b"\x80": ("SKIP", _number("B")),
    b"\x95": ("SKIP", _number("<Q")),
    b"K": ("LITERAL", _number("B")),
    b"M": ("LITERAL", _number("<H")),
    b"J": ("LITERAL", _number("<i")),
    b"\x8a": ("LITERAL", _long),
    b"G": ("LITERAL", _number(">d")),
    b"\x8c": ("LITERAL", _text("B")),
    b"X": ("LITERAL", _text("<I")),
    b"C": ("LITERAL", _counted("B")),
    b"B": ("LITERAL", _counted("<I")),
    b"q": ("PUT", _number("B")),
    b"r": ("PUT", _number("<I")),
    b"h": ("GET", _number("B")),
    b"j": ("GET", _number("<I")),
    b"c": ("GLOBAL", _name),
    b"i": ("GLOBAL", _name),
}


def operations(data: bytes) -> Iterator[tuple[str, Any]]:
    """Name and argument of each operation, without end: the caller leaves at STOP. Raises ValueError for what is none.

    Operations that differ only in how an argument is written share a name: LITERAL, PUT, GET, GLOBAL, SKIP.
    """
    cursor = _Cursor(data)
    while True:
        code = cursor.take(1)
        plain = PLAIN.get(code)
        if plain is not None:
            yield plain, None
        elif code in WITH_ARGUMENT:
            name, read = WITH_ARGUMENT[code]
            yield name, read(cursor)
        else:
            raise ValueError(f"operation {code!r}, which no checkpoint has")
