"""nanochat's calculator as a small evaluator over a syntax tree: it calls nothing and its work is bounded by its input.

Upstream (nanochat/engine.py, use_calculator) filters characters and then calls eval; what its filter lets through and
means something is evaluated here to the same text: + - * / // with brackets, and 'text'.count('x'). Two differences on
purpose: commas are removed from arithmetic only, and words such as "open" are allowed in a counted text.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable

MAX_CHARACTERS = 256
MAX_NESTING = 32
MAX_BITS = 1024

Number = int | float

ARITHMETIC = frozenset("0123456789*+-/.() ")
# 'strawberry'.count('r'), also after .lower() or .upper(); no escapes, so a text is what stands between its quotes.
COUNT = re.compile(
    r"""(?P<open>\()?(?P<quote>['"])(?P<text>[A-Za-z0-9 ._,()]*)(?P=quote)(?(open)\))(?P<case>(?:\.lower\(\)|\.upper\(\))?)"""
    r"""\.count\((?P<inner>['"])(?P<part>[A-Za-z0-9 ._,()]*)(?P=inner)\)"""
)

OPERATORS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


class _Unsupported(Exception):
    """The expression is not one of the calculator's."""


def evaluate(expression: str) -> str | None:
    """Python's str() of the value, or None when the expression is not the calculator's, is too long, or has no finite value."""
    if len(expression) > MAX_CHARACTERS:
        return None
    expression = expression.strip(" ")
    count = COUNT.fullmatch(expression)
    if count is not None:
        return _count(count)
    expression = expression.replace(",", "")
    if not ARITHMETIC.issuperset(expression) or "**" in expression or _nesting(expression) > MAX_NESTING:
        return None
    try:
        value = _value(ast.parse(expression, mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError, _Unsupported):
        return None
    return str(value)


def _count(match: re.Match[str]) -> str:
    text = match["text"]
    if match["case"] == ".lower()":
        text = text.lower()
    elif match["case"] == ".upper()":
        text = text.upper()
    return str(text.count(match["part"]))


def _nesting(expression: str) -> int:
    """Deepest run of brackets, counted before parsing: the parser recurses."""
    depth = deepest = 0
    for character in expression:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    return deepest


def _value(node: ast.expr) -> Number:
    """Value of a node. Depth is bounded by MAX_CHARACTERS, below Python's recursion limit."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return _bounded(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
        value = _value(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return _bounded(OPERATORS[type(node.op)](_value(node.left), _value(node.right)))
    raise _Unsupported


def _bounded(value: Number) -> Number:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise _Unsupported
    if isinstance(value, float) and not math.isfinite(value):
        raise _Unsupported
    return value
