"""Reads a pickle as a description: nothing named in it is ever imported, built or called.

Knows the opcodes that data needs; what stands for a class or a function stays a Global, and a call of one an Instance.
It must not know torch or tiktoken. Memory is bounded by MAX_OPERATIONS and the size of the bytes given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nanochat_engine.checkpoint.pickle_operations import operations
from nanochat_engine.errors import CheckpointCorrupt, CheckpointUnsafe

MAX_OPERATIONS = 4_000_000
MAX_STACK = 10_000


@dataclass(frozen=True, slots=True)
class Global:
    """The name of a class or function that the pickle asks for."""

    module: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """What calling `function` with `args` would have built; state is what it would have been given afterwards."""

    function: Global
    args: tuple[Any, ...]
    state: list[Any]


@dataclass(frozen=True, slots=True, eq=False)
class PersistentId:
    """A reference to data beside the pickle."""

    value: Any


_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


def read_pickle(data: bytes, *, source: str, allowed: frozenset[Global]) -> Any:
    """The object that a pickle describes: dicts, lists, tuples, text, bytes, numbers, Global, Instance, PersistentId.

    `collections.OrderedDict` becomes a dict, since state dicts are one; its attributes are dropped.
    Raises CheckpointUnsafe naming any other global than the allowed ones, CheckpointCorrupt when it can't be read.
    """
    try:
        return _Reader(source, allowed).read(operations(data))
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise CheckpointCorrupt(f"{source} is not a readable pickle: {error}") from error


class _Reader:
    def __init__(self, source: str, allowed: frozenset[Global]) -> None:
        self._source = source
        self._allowed = allowed
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def read(self, steps: Iterator[tuple[str, Any]]) -> Any:
        stack, memo = self._stack, self._memo
        for count, (name, argument) in enumerate(steps):
            if count >= MAX_OPERATIONS or len(stack) > MAX_STACK:
                raise CheckpointUnsafe(f"{self._source} holds more operations than any checkpoint needs")
            if name == "LITERAL":
                stack.append(self._literal(argument))
            elif name == "MEMOIZE":
                memo[len(memo)] = stack[-1]
            elif name == "PUT":
                memo[argument] = stack[-1]
            elif name == "GET":
                stack.append(memo[argument])
            elif name == "STOP":
                return stack.pop()
            else:
                self._structure(name, argument)
        raise ValueError("no end")

    def _literal(self, argument: Any) -> Any:
        if isinstance(argument, int) and argument.bit_length() > 63:
            raise ValueError("number out of range")
        return argument

    def _structure(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name == "SKIP":
            return
        if name == "MARK":
            stack.append(_MARK)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            stack.append(tuple([stack.pop() for _ in range(_TUPLES[name])][::-1]))
        elif name == "TUPLE":
            items = self._to_mark()
            stack.append(tuple(items))
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            self._set_items([key, value])
        elif name == "SETITEMS":
            self._set_items(self._to_mark())
        elif name == "APPEND":
            item = stack.pop()
            self._extend([item])
        elif name == "APPENDS":
            self._extend(self._to_mark())
        elif name == "GLOBAL":
            self._global(*argument)
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            self._global(module, attribute)
        elif name in ("REDUCE", "NEWOBJ"):
            arguments, function = stack.pop(), stack.pop()
            self._call(function, arguments)
        elif name == "BUILD":
            self._build(stack.pop())
        elif name == "BINPERSID":
            stack.append(PersistentId(stack.pop()))
        else:
            raise ValueError(f"operation {name} out of place")

    def _to_mark(self) -> list[Any]:
        stack = self._stack
        position = len(stack) - 1
        while stack[position] is not _MARK:
            position -= 1
            if position < 0:
                raise IndexError("no mark")
        items = stack[position + 1 :]
        del stack[position:]
        return items

    def _set_items(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise TypeError("items of something that is no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Hashing a nested tuple that refers to itself twice a level takes time without bound.
            if type(key) not in (str, bytes):
                raise TypeError("a key that is neither text nor bytes")
            target[key] = value

    def _extend(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise TypeError("items of something that is no list")
        target.extend(items)

    def _global(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise TypeError("a global without a name")
        found = Global(module, name)
        if found not in self._allowed and found != ORDERED_DICT:
            raise CheckpointUnsafe(
                f"{self._source} asks for {module[:100]}.{name[:100]}, which a nanochat checkpoint has no need of; nothing was run"
            )
        self._stack.append(found)

    def _call(self, function: Any, arguments: Any) -> None:
        if type(function) is not Global or type(arguments) is not tuple:
            raise TypeError("a call of something that is no global")
        if function == ORDERED_DICT:
            if arguments:
                raise TypeError("an OrderedDict with arguments")
            self._stack.append({})
        else:
            self._stack.append(Instance(function, arguments, []))

    def _build(self, state: Any) -> None:
        target = self._stack[-1]
        if type(target) is Instance:
            target.state.append(state)
        elif type(target) is not dict:
            raise TypeError("state of something that is no object")


ORDERED_DICT = Global("collections", "OrderedDict")
