"""Reads tokenizer.pkl, a pickled tiktoken.Encoding, without unpickling it, and checks every part before tiktoken sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tiktoken

from nanochat_engine.checkpoint.pickle_reader import Global, Instance, read_pickle
from nanochat_engine.errors import CheckpointCorrupt, CheckpointUnsafe, CheckpointUnsupported
from nanochat_engine.tokenizer.special_tokens import SPECIAL_TOKENS
from nanochat_engine.tokenizer.tokenizer import Tokenizer

MAX_BYTES = 64 << 20
MAX_VOCABULARY = 1 << 20
MAX_TOKEN_BYTES = 1024

ENCODING = Global("tiktoken.core", "Encoding")

# A pattern from a file could backtrack for ever, so only those that nanochat has trained with are run.
KNOWN_PATTERNS = frozenset(
    r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|"""
    + digits
    + r"""| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"""
    for digits in (r"\p{N}{1,2}", r"\p{N}{1,3}")
)


def read_tokenizer(path: Path) -> Tokenizer:
    """Build the tokenizer that a tokenizer.pkl describes; nothing in the file is run.

    Raises CheckpointUnsafe for a pickle that asks for anything but tiktoken's Encoding or is too large,
    CheckpointUnsupported for an unknown split pattern or other special tokens, CheckpointCorrupt for broken contents.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise CheckpointUnsafe(f"{path} has {size} bytes; a tokenizer has at most {MAX_BYTES}")
    return Tokenizer(
        _encoding(read_pickle(path.read_bytes(), source=str(path), allowed=frozenset({ENCODING})), str(path))
    )


def _encoding(described: Any, source: str) -> tiktoken.Encoding:
    if type(described) is not Instance or described.function != ENCODING or described.args or len(described.state) != 1:
        raise CheckpointCorrupt(f"{source} does not hold a tiktoken Encoding")
    state = described.state[0]
    if type(state) is str:
        raise CheckpointUnsupported(f"{source} names a tokenizer of tiktoken's instead of holding nanochat's")
    fields = {"name", "pat_str", "mergeable_ranks", "special_tokens"}
    if type(state) is not dict or set(state) != fields:
        raise CheckpointCorrupt(f"{source} does not hold exactly {', '.join(sorted(fields))}")
    if type(state["name"]) is not str or type(state["pat_str"]) is not str:
        raise CheckpointCorrupt(f"{source}: name and pat_str must be text")
    if state["pat_str"] not in KNOWN_PATTERNS:
        raise CheckpointUnsupported(
            f"{source} splits text by a pattern that is not nanochat's: {state['pat_str'][:200]!r}"
        )
    ranks = checked_ranks(state["mergeable_ranks"], source)
    special = checked_special_tokens(state["special_tokens"], len(ranks), source)
    return tiktoken.Encoding(
        name=state["name"], pat_str=state["pat_str"], mergeable_ranks=ranks, special_tokens=special
    )


def checked_ranks(ranks: Any, source: str) -> dict[bytes, int]:
    """Ranks checked to be 0 to n-1, each once, with every single byte among them, so that any text can be encoded."""
    if type(ranks) is not dict or not 256 <= len(ranks) <= MAX_VOCABULARY:
        raise CheckpointCorrupt(f"{source}: mergeable_ranks must hold 256 to {MAX_VOCABULARY} tokens")
    for token, rank in ranks.items():
        if type(token) is not bytes or not 0 < len(token) <= MAX_TOKEN_BYTES or type(rank) is not int:
            raise CheckpointCorrupt(f"{source}: mergeable_ranks must map 1 to {MAX_TOKEN_BYTES} bytes to whole numbers")
    if sorted(ranks.values()) != list(range(len(ranks))):
        raise CheckpointCorrupt(f"{source}: the ranks are not 0 to {len(ranks) - 1}, each once")
    if not all(bytes([value]) in ranks for value in range(256)):
        raise CheckpointCorrupt(f"{source}: a single byte is missing, so some texts could not be encoded")
    return ranks


def checked_special_tokens(special: Any, first: int, source: str) -> dict[str, int]:
    """nanochat's nine, as the ids after the last rank. Raises CheckpointUnsupported."""
    expected = {name: first + index for index, name in enumerate(SPECIAL_TOKENS)}
    if type(special) is not dict or any(type(value) is not int for value in special.values()) or special != expected:
        raise CheckpointUnsupported(
            f"{source}: the special tokens are not {', '.join(SPECIAL_TOKENS)}, as the last ids"
        )
    return expected
