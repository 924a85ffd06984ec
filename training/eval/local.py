"""Answers with a checkpoint directly, without a server: slow and simple, no cache."""

from __future__ import annotations

import ast
import operator
import random
import re
from collections.abc import Callable
from pathlib import Path

import torch

from training.checkpoint import load_nanochat
from training.render import Renderer

OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def calculate(text: str) -> str | None:
    """The value of plain arithmetic or of 'word'.count('x'), as Python writes it, or None."""
    if count := re.fullmatch(r"'([a-z]+)'\.count\('([a-z])'\)", text):
        return str(count[1].count(count[2]))

    def value(node: ast.expr) -> float:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -value(node.operand)
        raise ValueError(text)

    try:
        return str(value(ast.parse(text[:64], mode="eval").body))
    except (SyntaxError, ValueError, ZeroDivisionError):
        return None


class LocalModel:
    """A checkpoint with the default sampling of the server."""

    def __init__(self, folder: Path, temperature: float = 0.7, top_k: int = 50) -> None:
        self.model = load_nanochat(folder)
        self.renderer = Renderer.load(folder / "tokenizer.pkl")
        self.temperature, self.top_k = temperature, top_k

    @torch.no_grad()
    def next_token(self, ids: list[int], rng: random.Random) -> int:
        logits = self.model.head(self.model.hidden(torch.tensor([ids]))[0, -1])
        values, found = logits.topk(self.top_k)
        weights = torch.softmax(values / self.temperature, dim=-1)
        return int(rng.choices(found.tolist(), weights.tolist())[0])

    def answer(self, messages: list[dict[str, str]], seed: int, max_tokens: int) -> tuple[str, str]:
        """The visible text and the finish reason; forced calculator output counts as tokens."""
        rng, special = random.Random(seed), self.renderer.special
        ids = [special["<|bos|>"]]
        for message in messages:
            if message["role"] == "user":
                ids += self.renderer.user(message["content"])
            else:
                ids += [*self.renderer.text(message["content"]), special["<|assistant_end|>"]]
        start = len(ids)
        shown: list[int] = []
        inside: list[int] | None = None
        while len(ids) - start < max_tokens:
            token = self.next_token(ids, rng)
            ids.append(token)
            if token in (special["<|assistant_end|>"], special["<|bos|>"]):
                return self.renderer.encoding.decode(shown).strip(), "stop"
            if token == special["<|python_start|>"]:
                inside = []
            elif token == special["<|python_end|>"] and inside is not None:
                result, inside = calculate(self.renderer.encoding.decode(inside)), None
                if result is not None:
                    ends = special["<|output_start|>"], special["<|output_end|>"]
                    ids += [ends[0], *self.renderer.text(result), ends[1]]
            elif inside is not None:
                inside.append(token)
            elif token < special["<|bos|>"]:
                shown.append(token)
        return self.renderer.encoding.decode(shown).strip(), "length"
